package org.crossdistill.nn;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/** How many threads LibTorch computes with, in the whole process. Safe for use by many threads. */
public final class TorchThreads {

  private TorchThreads() {}

  /**
   * Sets LibTorch's threads; the kernels of {@code loss} use as many.
   *
   * <p>The matrix products of its BLAS get one. OpenBLAS has threads of its own, which LibTorch's
   * setting does not reach: they wait by spinning, all trainings of a process share them, and with
   * small products they cost a training more time than they save.
   *
   * @param threads at least 1
   * @throws NetworkException if not
   */
  public static void set(int threads) {
    if (threads < 1) {
      throw new NetworkException("threads: expected at least 1, found " + threads);
    }
    torch.set_num_threads(threads);
    openblas_nolapack.blas_set_num_threads(1);
  }
}
