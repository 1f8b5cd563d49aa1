package org.crossdistill.method;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Parameters that train at the same rate.
 *
 * @param parameters by name, unique over all groups of a method
 * @param learningRateMultiplier factor on the schedule's learning rate, ≥ 0
 */
public record ParameterGroup(Map<String, Tensor> parameters, double learningRateMultiplier) {}
