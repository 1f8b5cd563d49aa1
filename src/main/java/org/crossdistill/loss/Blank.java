package org.crossdistill.loss;

import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Matrix;

/** New contiguous tensors for a kernel to write; null stands for an output not wanted. */
final class Blank {

  /** Kept, so that a call allocates no options. */
  private static final Map<DType, TensorOptions> OPTIONS = new EnumMap<>(DType.class);

  private static final TensorOptions BOOL = options(ScalarType.Bool);
  private static final TensorOptions BYTE = options(ScalarType.Byte);

  static {
    for (DType dtype : DType.values()) {
      OPTIONS.put(dtype, options(DTypes.scalarType(dtype)));
    }
  }

  private Blank() {}

  /** The reference that is retained here is never given back: a caller's scope may be open. */
  private static TensorOptions options(ScalarType type) {
    return new TensorOptions(type).retainReference();
  }

  /** On the CPU. */
  static Tensor tensor(DType dtype, long... shape) {
    return torch.empty(shape, OPTIONS.get(dtype), null);
  }

  /** On the device of {@code beside}. */
  static Tensor tensor(Tensor beside, DType dtype, long... shape) {
    return beside(beside, OPTIONS.get(dtype), shape);
  }

  /** Of the shape, type and device of {@code matrix}. */
  static Tensor like(Tensor matrix) {
    return tensor(matrix, DTypes.of(matrix), matrix.size(0), matrix.size(1));
  }

  /** Booleans are bytes of 0 and 1. */
  static Tensor booleans(Tensor beside, long... shape) {
    return beside(beside, BOOL, shape);
  }

  static Tensor bytes(Tensor beside, long count) {
    return beside(beside, BYTE, count);
  }

  private static Tensor beside(Tensor tensor, TensorOptions options, long... shape) {
    return tensor.is_cpu() ? torch.empty(shape, options, null) : tensor.new_empty(shape, options);
  }

  static Pointer data(Tensor blank) {
    return blank == null ? null : blank.data_ptr();
  }

  static Matrix matrix(Tensor blank) {
    return blank == null ? Matrix.NONE : new Matrix(blank.data_ptr(), blank.size(1));
  }
}
