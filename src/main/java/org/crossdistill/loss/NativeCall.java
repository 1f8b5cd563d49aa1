package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.KernelException;
import org.crossdistill.kernel.Status;

/**
 * Runs a kernel where a tensor lies: on a CPU with as many threads as LibTorch uses, on a GPU on
 * LibTorch's current stream.
 */
final class NativeCall {

  /** A call that takes the number of threads. */
  interface Cpu {
    void run(int threads);
  }

  /** A call that takes a stream and memory. */
  interface Cuda {
    void run(CudaKernels.Launch launch);
  }

  private NativeCall() {}

  /** One of the two, by the device of {@code tensor}. */
  static void run(Tensor tensor, Cpu cpu, Cuda cuda) {
    if (tensor.is_cuda()) {
      named(() -> CudaStreams.launch(tensor, cuda));
    } else {
      run(cpu);
    }
  }

  /** A kernel that is there for CPUs alone. */
  static void run(Cpu call) {
    named(() -> call.run(torch.get_num_threads()));
  }

  /** A value that the kernel refuses, such as a negative weight, is a wrong argument here, too. */
  private static void named(Runnable call) {
    try {
      call.run();
    } catch (KernelException e) {
      if (e.status().filter(status -> status == Status.INVALID_ARGUMENT).isPresent()) {
        throw new TensorException(e.getMessage(), e);
      }
      throw e;
    }
  }
}
