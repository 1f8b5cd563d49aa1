package org.crossdistill.loss;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** A {@link LogitLoss} by name. */
abstract class NamedLogitLoss<O extends Record> implements NamedLoss<O> {

  private final String name;
  private final O defaults;
  private final Set<Backend> kernels;
  private final BiFunction<O, Backend, LogitLoss> create;

  /** Of a loss that is the composition on every backend. */
  NamedLogitLoss(String name, O defaults, Function<O, LogitLoss> create) {
    this(name, defaults, Set.of(), (options, backend) -> create.apply(options));
  }

  /** Of a loss that has kernels for some backends, and is the composition on others. */
  NamedLogitLoss(
      String name, O defaults, Set<Backend> kernels, BiFunction<O, Backend, LogitLoss> create) {
    this.name = name;
    this.defaults = defaults;
    this.kernels = kernels;
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
  public final Set<Backend> kernels() {
    return kernels;
  }

  @Override
  public final Map<String, List<String>> inputs() {
    Map<String, List<String>> inputs = new HashMap<>();
    inputs.put("student", List.of("B", "C"));
    inputs.put("teacher", List.of("B", "C"));
    inputs.put("weights", List.of("B"));
    if (create.apply(defaults, Backend.REFERENCE).needsLabels()) {
      inputs.put("labels", List.of("B"));
    }
    return inputs;
  }

  @Override
  public final Map<String, Tensor> compute(O options, NamedTensors inputs, Backend backend) {
    LogitLoss loss = create.apply(options, backend);
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
