package org.crossdistill.loss;

import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.KernelException;
import org.crossdistill.kernel.Status;

/** Runs a CPU kernel with as many threads as LibTorch uses. */
final class NativeCall {

  /** A call that takes the number of threads. */
  interface Call {
    void run(int threads);
  }

  private NativeCall() {}

  /** A value that the kernel refuses, such as a negative weight, is a wrong argument here, too. */
  static void run(Call call) {
    try {
      call.run(torch.get_num_threads());
    } catch (KernelException e) {
      if (e.status().filter(status -> status == Status.INVALID_ARGUMENT).isPresent()) {
        throw new TensorException(e.getMessage(), e);
      }
      throw e;
    }
  }
}
