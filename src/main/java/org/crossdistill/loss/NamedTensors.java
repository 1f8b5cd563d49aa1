package org.crossdistill.loss;

import java.util.Map;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;

/** Inputs of a {@link NamedLoss}. */
public final class NamedTensors {

  private final Map<String, Tensor> tensors;

  /**
   * Inputs by name.
   *
   * @param tensors copied
   */
  public NamedTensors(Map<String, Tensor> tensors) {
    this.tensors = Map.copyOf(tensors);
  }

  /**
   * An input that must be there.
   *
   * @throws TensorException naming it if there is none
   */
  public Tensor get(String name) {
    Tensor tensor = orNull(name);
    if (tensor == null) {
      throw new TensorException(
          name + ": expected a tensor, found none; there are " + new TreeSet<>(tensors.keySet()));
    }
    return tensor;
  }

  /** An input that may be missing. */
  public Tensor orNull(String name) {
    return tensors.get(name);
  }
}
