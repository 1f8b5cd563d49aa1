package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** A {@link PairLoss} by name. */
abstract class NamedPairLoss<O extends Record> implements NamedLoss<O> {

  private final String name;
  private final O defaults;
  private final Map<String, List<String>> inputs;
  private final Set<Backend> kernels;
  private final BiFunction<O, Backend, PairLoss> create;

  /** Of a loss that is the composition on every backend. */
  NamedPairLoss(
      String name,
      O defaults,
      List<String> student,
      List<String> teacher,
      Function<O, PairLoss> create) {
    this(name, defaults, student, teacher, Set.of(), (options, backend) -> create.apply(options));
  }

  /** Of a loss that has kernels for some backends, and is the composition on others. */
  NamedPairLoss(
      String name,
      O defaults,
      List<String> student,
      List<String> teacher,
      Set<Backend> kernels,
      BiFunction<O, Backend, PairLoss> create) {
    this.name = name;
    this.defaults = defaults;
    this.inputs = Map.of("student", student, "teacher", teacher);
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
  public final Map<String, List<String>> inputs() {
    return inputs;
  }

  @Override
  public final Set<Backend> kernels() {
    return kernels;
  }

  @Override
  public final Map<String, Tensor> compute(O options, NamedTensors inputs, Backend backend) {
    PairLoss.Result result =
        create.apply(options, backend).forward(inputs.get("student"), inputs.get("teacher"));
    return Map.of(
        "loss", result.loss().reshape(1),
        "grad.student", result.gradStudent(),
        "grad.teacher", result.gradTeacher());
  }
}
