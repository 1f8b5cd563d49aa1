package org.crossdistill.loss;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;

/** The kernels' element types as LibTorch's. */
final class DTypes {

  private static final Map<DType, ScalarType> SCALAR_TYPES =
      new EnumMap<>(
          Map.of(
              DType.F64, ScalarType.Double,
              DType.F32, ScalarType.Float,
              DType.BF16, ScalarType.BFloat16,
              DType.F16, ScalarType.Half));

  private static final DType[] DTYPES = DType.values();

  private DTypes() {}

  static ScalarType scalarType(DType dtype) {
    return SCALAR_TYPES.get(dtype);
  }

  /** Null for a type that the losses do not compute in. */
  static DType of(Tensor tensor) {
    // Enums that come from native code are copies: only their value tells them apart.
    byte value = tensor.scalar_type().value;
    for (DType dtype : DTYPES) {
      if (scalarType(dtype).value == value) {
        return dtype;
      }
    }
    return null;
  }

  static boolean is(Tensor tensor, ScalarType type) {
    return tensor.scalar_type().value == type.value;
  }

  /** "f32 [3, 4] on cpu", for messages. */
  static String describe(Tensor tensor) {
    if (!Arguments.isGiven(tensor)) {
      return "no tensor";
    }
    String kind = label(tensor.scalar_type());
    if (tensor.is_nested()) {
      return "nested " + kind + " on " + device(tensor);
    }
    String place = Arguments.dense(tensor) ? "" : ", without dense memory";
    return kind + " " + shape(tensor) + " on " + device(tensor) + place;
  }

  /** "f32" for the types that the losses compute in, otherwise LibTorch's name, such as "Long". */
  static String label(ScalarType type) {
    for (DType dtype : DTYPES) {
      if (scalarType(dtype).value == type.value) {
        return dtype.label();
      }
    }
    return type.toString();
  }

  private static String shape(Tensor tensor) {
    return Arrays.toString(tensor.sizes().vec().get());
  }

  /** "cpu", "cuda:0". */
  static String device(Tensor tensor) {
    return tensor.device().str().getString();
  }
}
