package org.crossdistill.loss;

import java.lang.ref.Reference;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Matrix;

/**
 * A tensor's memory in the layout that the kernels take: elements of a row side by side, rows apart
 * by at least their length. A tensor of another layout is copied. Valid until closed; keeps the
 * tensor's memory alive that long.
 */
final class NativeArray implements AutoCloseable {

  /** Stands for a tensor that is not given or not wanted. */
  private static final NativeArray NONE = new NativeArray(null, null, 0);

  private final Tensor tensor;
  private final Tensor copy;
  private final long stride;

  private NativeArray(Tensor tensor, Tensor copy, long stride) {
    this.tensor = tensor;
    this.copy = copy;
    this.stride = stride;
  }

  /**
   * @param tensor [B, D]; null for none
   */
  static NativeArray matrix(Tensor tensor) {
    if (tensor == null) {
      return NONE;
    }
    long columns = tensor.size(1);
    boolean rowsAreDense = columns <= 1 || tensor.stride(1) == 1;
    // The stride of a single row means nothing, and may be anything.
    long stride = tensor.size(0) <= 1 ? columns : tensor.stride(0);
    return rowsAreDense && stride >= columns && !tensor.is_neg()
        ? new NativeArray(tensor, null, stride)
        : new NativeArray(tensor, copy(tensor), columns);
  }

  /**
   * @param tensor [B]; null for none
   */
  static NativeArray vector(Tensor tensor) {
    if (tensor == null) {
      return NONE;
    }
    boolean dense = tensor.size(0) <= 1 || tensor.stride(0) == 1;
    return new NativeArray(tensor, dense && !tensor.is_neg() ? null : copy(tensor), 1);
  }

  private static Tensor copy(Tensor tensor) {
    try (Results results = new Results()) {
      return results.keep(tensor.detach().resolve_neg().contiguous());
    }
  }

  /** First element; null for none. */
  Pointer data() {
    if (tensor == null) {
      return null;
    }
    return (copy == null ? tensor : copy).data_ptr();
  }

  Matrix matrix() {
    return tensor == null ? Matrix.NONE : new Matrix(data(), stride);
  }

  @Override
  public void close() {
    try {
      if (copy != null) {
        copy.close();
      }
    } finally {
      // Until here the collector must not free the tensor, although only its address is in use.
      Reference.reachabilityFence(tensor);
    }
  }
}
