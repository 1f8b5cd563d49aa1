package org.crossdistill.loss;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** A {@link LogitLoss} by name. */
abstract class NamedLogitLoss<O extends Record> implements NamedLoss<O> {

  private final String name;
  private final O defaults;
  private final Function<O, LogitLoss> create;

  NamedLogitLoss(String name, O defaults, Function<O, LogitLoss> create) {
    this.name = name;
    this.defaults = defaults;
    this.create = create;
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final O defaults() {
    return defaults;
  }

  @Override
  public Set<Backend> kernels() {
    return Set.of();
  }

  @Override
  public final Map<String, List<String>> inputs() {
    Map<String, List<String>> inputs = new HashMap<>();
    inputs.put("student", List.of("B", "C"));
    inputs.put("teacher", List.of("B", "C"));
    inputs.put("weights", List.of("B"));
    if (create.apply(defaults).needsLabels()) {
      inputs.put("labels", List.of("B"));
    }
    return inputs;
  }

  @Override
  public final Map<String, Tensor> compute(O options, NamedTensors inputs, Backend backend) {
    LogitLoss loss = create.apply(options);
    LogitLoss.Result result =
        loss.forward(
            inputs.get("student"),
            inputs.get("teacher"),
            loss.needsLabels() ? inputs.get("labels") : null,
            inputs.orNull("weights"));
    return Map.of(
        "loss", result.loss().reshape(1),
        "rows", result.rows(),
        "grad.student", result.gradStudent(),
        "grad.teacher", result.gradTeacher(),
        "grad.weights", result.gradWeights());
  }
}
