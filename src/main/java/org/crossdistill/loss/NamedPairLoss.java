package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** A {@link PairLoss} by name. */
abstract class NamedPairLoss<O extends Record> implements NamedLoss<O> {

  private final String name;
  private final O defaults;
  private final Map<String, List<String>> inputs;
  private final Function<O, PairLoss> create;

  NamedPairLoss(
      String name,
      O defaults,
      List<String> student,
      List<String> teacher,
      Function<O, PairLoss> create) {
    this.name = name;
    this.defaults = defaults;
    this.inputs = Map.of("student", student, "teacher", teacher);
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
  public final Map<String, List<String>> inputs() {
    return inputs;
  }

  @Override
  public Set<Backend> kernels() {
    return Set.of();
  }

  /** With the options, on a backend of {@link #kernels()} or as the composition. */
  PairLoss create(O options, Backend backend) {
    return create.apply(options);
  }

  @Override
  public final Map<String, Tensor> compute(O options, NamedTensors inputs, Backend backend) {
    PairLoss.Result result =
        create(options, backend).forward(inputs.get("student"), inputs.get("teacher"));
    return Map.of(
        "loss", result.loss().reshape(1),
        "grad.student", result.gradStudent(),
        "grad.teacher", result.gradTeacher());
  }
}
