package org.crossdistill.train;

import java.util.Map;

/**
 * What a probe reads off one set of features or samples.
 *
 * @param name what was looked at
 * @param values by what was measured, as fractions, in the order of the columns
 */
public record ProbeRow(String name, Map<String, Double> values) {}
