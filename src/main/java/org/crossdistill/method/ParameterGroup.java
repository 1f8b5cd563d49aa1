package org.crossdistill.method;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Module;

/**
 * Parameters that train at the same rate.
 *
 * @param parameters by name, unique over all groups of a method
 * @param learningRateMultiplier factor on the schedule's learning rate, ≥ 0
 */
public record ParameterGroup(Map<String, Tensor> parameters, double learningRateMultiplier) {

  /** Checks the factor. */
  public ParameterGroup {
    Weights.requireFactor("learning-rate multiplier", learningRateMultiplier);
  }

  /** All parameters of some networks, each named {@code network.parameter}. */
  public static ParameterGroup of(Map<String, Module> networks, double learningRateMultiplier) {
    Map<String, Tensor> parameters = new LinkedHashMap<>();
    networks.forEach(
        (network, module) ->
            module.parameters().forEach((name, p) -> parameters.put(network + "." + name, p)));
    return new ParameterGroup(parameters, learningRateMultiplier);
  }
}
