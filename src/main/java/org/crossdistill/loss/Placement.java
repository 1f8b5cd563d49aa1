package org.crossdistill.loss;

import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Backends;

/** Which backend a loss runs on, given what was asked for and where its tensors are. */
final class Placement {

  private Placement() {}

  /** For a loss that takes the active backend: null, after making sure that there is one. */
  static Backend automatic() {
    Backends.choice();
    return null;
  }

  /** For a loss that must run on a backend: that one, if it works here. */
  static Backend required(Backend backend) {
    Backends.require(Arguments.given("backend", backend));
    return backend;
  }

  /**
   * The same for a loss that has kernels for some backends.
   *
   * @param loss its name
   * @throws TensorException if there are none for {@code backend}
   */
  static Backend required(String loss, Set<Backend> kernels, Backend backend) {
    if (backend == Backend.CUDA && !kernels.contains(backend)) {
      throw new TensorException("backend: expected cpu or reference for " + loss + ", found cuda");
    }
    return required(backend);
  }

  /**
   * The backend for a tensor.
   *
   * @param requiredOrNull null for the active one
   * @param name of the tensor
   * @throws TensorException if the tensor is not where the backend needs it
   */
  static Backend backend(Backend requiredOrNull, String name, Tensor tensor) {
    boolean gpu = tensor.is_cuda();
    Backend backend = requiredOrNull == null ? active(gpu) : requiredOrNull;
    boolean reachable =
        switch (backend) {
          case CUDA -> gpu;
          case CPU -> tensor.is_cpu();
          case REFERENCE -> !tensor.is_meta();
        };
    if (!reachable) {
      String expected = "a tensor that backend " + backend.label() + " can read";
      throw new TensorException(
          name + ": expected " + expected + ", found one on " + DTypes.device(tensor));
    }
    return backend;
  }

  /** Where none is pinned, a tensor's device decides between the kernels of CPU and GPU. */
  private static Backend active(boolean gpu) {
    Backends.Choice choice = Backends.choice();
    Backend backend = choice.backend();
    if (choice.pinned()) {
      return backend;
    }
    if (gpu) {
      return backend == Backend.CUDA ? Backend.CUDA : Backend.REFERENCE;
    }
    return backend == Backend.CUDA ? Backend.CPU : backend;
  }
}
