package org.crossdistill.data;

/**
 * Three parts of a data set. No sample, and no two samples of one base, stand in two of them.
 *
 * @param train to learn from
 * @param validation to choose settings by; may be empty
 * @param test to measure on, once
 */
public record Split(Subset train, Subset validation, Subset test) {}
