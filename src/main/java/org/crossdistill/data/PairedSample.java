package org.crossdistill.data;

/**
 * A text and a picture of the same thing.
 *
 * @param id unique in its data set
 * @param base key of the thing that this sample is a variant of; samples of one base never stand in
 *     two parts of a split
 * @param title a short name, for people
 * @param text all that a text teacher may read
 * @param picture of any size
 */
public record PairedSample(String id, String base, String title, String text, Picture picture) {}
