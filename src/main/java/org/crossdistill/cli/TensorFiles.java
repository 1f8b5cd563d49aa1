package org.crossdistill.cli;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.data.DType;
import org.crossdistill.data.TensorData;

/** Tensors of files as LibTorch's, and back. */
final class TensorFiles {

  private TensorFiles() {}

  /** Floating values in f64, all others in int64. */
  static Tensor tensor(TensorData data) {
    return data.dtype().isFloating()
        ? Tensor.create(data.toDoubles(), data.shape())
        : Tensor.create(data.toLongs(), data.shape());
  }

  /** All values in f64. */
  static TensorData data(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.detach().to(ScalarType.Double).contiguous();
      double[] values = new double[Math.toIntExact(plain.numel())];
      if (values.length > 0) { // an empty tensor may have no memory
        new DoublePointer(plain.data_ptr()).get(values);
      }
      return TensorData.ofDoubles(DType.F64, values, plain.shape());
    }
  }
}
