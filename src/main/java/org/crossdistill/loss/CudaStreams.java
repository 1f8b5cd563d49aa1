package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.cuda.CUDAGuard;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch_cuda;
import org.crossdistill.kernel.CudaKernels;

/**
 * LibTorch's streams and memory for CUDA kernels. Needs LibTorch's GPU build: nothing else refers
 * to its classes, so that they are loaded only once a tensor lies on a GPU.
 */
final class CudaStreams {

  private CudaStreams() {}

  /**
   * Runs a call with the tensor's device as the current one, on LibTorch's current stream of it.
   * The memory that the call asks for goes back to LibTorch's allocator, which gives it to later
   * work of the same stream only.
   */
  static void launch(Tensor tensor, NativeCall.Cuda call) {
    byte device = tensor.device().index();
    List<Tensor> memory = new ArrayList<>();
    try (CUDAGuard guard = new CUDAGuard(device);
        CUDAStream stream = torch_cuda.getCurrentCUDAStream(device);
        Pointer handle = stream.stream()) {
      call.run(
          new CudaKernels.Launch() {
            @Override
            public Pointer stream() {
              return handle;
            }

            @Override
            public Pointer memory(long bytes) {
              Tensor block = Blank.bytes(tensor, bytes);
              memory.add(block);
              return block.data_ptr();
            }
          });
    } finally {
      memory.forEach(Tensor::close);
    }
  }
}
