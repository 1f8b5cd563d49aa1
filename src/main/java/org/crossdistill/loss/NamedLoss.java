package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;

/**
 * A loss under its name, computed from named tensors: what files of requests and answers, and the
 * tests that go through all losses, call. Found by {@link java.util.ServiceLoader}.
 *
 * @param <O> its options, a record; a component {@code easyMargin} is the parameter {@code
 *     easy-margin}
 */
public interface NamedLoss<O extends Record> {

  /** Such as {@code feature-margin}. */
  String name();

  /** The values of parameters that are not given. */
  O defaults();

  /**
   * The sizes of every input that it knows, as letters: {@code student} may have {@code ["B",
   * "D"]}. The same letter is the same size.
   */
  Map<String, List<String>> inputs();

  /** Backends that it has a native kernel for; on all others it is the composition. */
  default Set<Backend> kernels() {
    return EnumSet.of(Backend.CPU, Backend.CUDA);
  }

  /**
   * Whether it treats some inputs as constants or reverses gradients, so that its gradients are no
   * derivatives.
   */
  default boolean stopsGradients() {
    return false;
  }

  /** Element types that it computes in. */
  default Set<DType> dtypes() {
    return EnumSet.allOf(DType.class);
  }

  /**
   * Computes the loss and all its gradients.
   *
   * @param inputs in the types that the loss takes: labels in int64, weights in the accumulation
   *     type, all others in the type to compute in
   * @return by name, such as {@code loss} [1], {@code rows}, {@code grad.student}
   * @throws TensorException naming the tensor that is missing or wrong
   */
  Map<String, Tensor> compute(O options, NamedTensors inputs, Backend backend);
}
