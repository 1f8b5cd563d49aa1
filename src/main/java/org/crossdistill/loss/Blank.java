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

/** New contiguous CPU tensors for a kernel to write; null stands for an output not wanted. */
final class Blank {

  /** Kept, so that a call allocates no options. */
  private static final Map<DType, TensorOptions> OPTIONS = new EnumMap<>(DType.class);

  private static final TensorOptions BOOL = options(ScalarType.Bool);

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

  static Tensor tensor(DType dtype, long... shape) {
    return torch.empty(shape, OPTIONS.get(dtype), null);
  }

  /** Booleans are bytes of 0 and 1. */
  static Tensor booleans(long... shape) {
    return torch.empty(shape, BOOL, null);
  }

  static Pointer data(Tensor blank) {
    return blank == null ? null : blank.data_ptr();
  }

  static Matrix matrix(Tensor blank) {
    return blank == null ? Matrix.NONE : new Matrix(blank.data_ptr(), blank.size(1));
  }
}
