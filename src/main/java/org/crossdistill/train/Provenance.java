package org.crossdistill.train;

/**
 * What a result was made with.
 *
 * @param version of the library
 * @param backend that ran the losses, such as {@code cpu (avx2)}
 */
public record Provenance(String version, String backend) {}
