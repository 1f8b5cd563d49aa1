package org.crossdistill.bench;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;

/**
 * A kernel with its inputs and outputs in memory, ready to be called; and the same loss as a
 * composition of LibTorch operations. All its memory belongs to the scope it was made in.
 */
interface Problem {

  /** What a kernel can be no faster than. */
  enum Limit {
    /** Memory: its bytes at the rate of a loop that reads two arrays and writes two. */
    MEMORY,
    /** Arithmetic: its operations at the rate of independent multiply-adds. */
    PRODUCTS,
    /** Neither: there is nothing to hold it against. */
    NONE
  }

  /** Element type of embeddings or logits. */
  DType dtype();

  /** One call of the native kernel, which writes {@link #outputs}. */
  void call(int threads);

  /** What the kernel computes: gradients, or what it gives instead. */
  List<Tensor> outputs();

  /** The same by the composition, into new tensors of the caller's innermost scope. */
  List<Tensor> reference();

  /**
   * The matrix products alone that the loss needs when a BLAS makes them; null where there are
   * none.
   */
  default Runnable productsOrNull() {
    return null;
  }

  /** The same problem in another type, with as many of its rows as an error is taken of. */
  Problem part(DType type);

  /** What bounds its time. */
  default Limit limit() {
    return Limit.MEMORY;
  }

  /** Bytes of inputs and outputs: each has to be read or written once. */
  long bytes();

  /** Operations of the matrix products; null where there are none. */
  default Long flops() {
    return null;
  }

  /** Elements of the largest array that the composition makes. */
  long largestArray();
}
