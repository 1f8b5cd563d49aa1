package org.crossdistill.loss;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/**
 * What the forms of {@link KdLoss} take by name: each form is a loss of its own there.
 *
 * @param temperature T, from 1e-9 to 1e9
 * @param reduction of the rows' losses
 */
public record KdParameters(double temperature, Reduction reduction) {

  /** T = 4, reduction {@code mean}. */
  public static KdParameters defaults() {
    return new KdParameters(4, Reduction.MEAN);
  }

  /** The inputs of a form; only those that leave the target out take labels. */
  static Map<String, List<String>> inputs(KdLoss.Target target) {
    Map<String, List<String>> inputs = new HashMap<>();
    inputs.put("student", List.of("B", "C"));
    inputs.put("teacher", List.of("B", "C"));
    inputs.put("weights", List.of("B"));
    if (target != KdLoss.Target.KEPT) {
      inputs.put("labels", List.of("B"));
    }
    return inputs;
  }

  /** Computes a form. */
  Map<String, Tensor> compute(KdLoss.Target target, NamedTensors inputs, Backend backend) {
    KdLoss loss = new KdLoss(new KdLoss.Options(target, temperature, reduction), backend);
    Tensor labels = target == KdLoss.Target.KEPT ? null : inputs.get("labels");
    KdLoss.Result result =
        loss.forward(
            inputs.get("student"), inputs.get("teacher"), labels, inputs.orNull("weights"));
    return Map.of(
        "loss", result.loss().reshape(1),
        "rows", result.rows(),
        "grad.student", result.gradStudent(),
        "grad.teacher", result.gradTeacher(),
        "grad.weights", result.gradWeights());
  }
}
