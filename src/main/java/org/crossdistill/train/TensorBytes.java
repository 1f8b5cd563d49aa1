package org.crossdistill.train;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.data.DType;
import org.crossdistill.data.TensorData;

/** Copies LibTorch tensors to the bytes of a file and back. */
final class TensorBytes {

  private TensorBytes() {}

  /** Copies of all tensors, each name behind a prefix. */
  static Map<String, TensorData> of(String prefix, Map<String, Tensor> tensors) {
    Map<String, TensorData> bytes = new TreeMap<>();
    tensors.forEach((name, tensor) -> bytes.put(prefix + name, of(tensor)));
    return bytes;
  }

  private static TensorData of(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.detach().cpu().contiguous();
      ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(plain.nbytes()));
      if (bytes.hasRemaining()) {
        new BytePointer(plain.data_ptr()).get(bytes.array());
      }
      return TensorData.of(dtype(plain.scalar_type()), plain.shape(), bytes);
    }
  }

  /**
   * Copies a file's tensors into tensors of the same names, shapes and dtypes.
   *
   * @param source what errors call the file
   * @throws CheckpointException naming the tensor that is missing, of another shape or dtype, or
   *     holds a value that is not finite
   */
  static void copy(
      String source, Map<String, TensorData> from, String prefix, Map<String, Tensor> into) {
    into.forEach((name, tensor) -> check(source, from.get(prefix + name), prefix + name, tensor));
    into.forEach((name, tensor) -> copy(from.get(prefix + name), tensor));
  }

  /**
   * Refuses weights that {@link #copy} would not read.
   *
   * @param source what errors call the file
   * @throws CheckpointException naming the tensor
   */
  static void requireFinite(String source, Map<String, TensorData> tensors) {
    tensors.forEach((name, data) -> requireFinite(source, name, data));
  }

  private static void check(String source, TensorData data, String name, Tensor tensor) {
    String expected = dtype(tensor.scalar_type()) + Arrays.toString(tensor.shape());
    String found = data == null ? "none" : data.toString();
    if (!expected.equals(found)) {
      throw new CheckpointException(
          source + ": tensor " + name + ": expected " + expected + ", found " + found);
    }
    requireFinite(source, name, data);
  }

  private static void requireFinite(String source, String name, TensorData data) {
    if (!data.dtype().isFloating()) {
      return;
    }
    double[] values = data.toDoubles();
    for (int i = 0; i < values.length; i++) {
      if (!Double.isFinite(values[i])) {
        throw new CheckpointException(
            source
                + (": tensor " + name + ": expected finite numbers, found ")
                + (values[i] + " at element " + i));
      }
    }
  }

  private static void copy(TensorData data, Tensor tensor) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      byte[] bytes = new byte[data.bytes().remaining()];
      data.bytes().get(bytes);
      Tensor plain = tensor.detach().cpu().contiguous().clone();
      if (bytes.length > 0) {
        new BytePointer(plain.data_ptr()).put(bytes);
      }
      tensor.copy_(plain);
    }
  }

  private static DType dtype(ScalarType type) {
    return switch (type.intern()) {
      case Double -> DType.F64;
      case Float -> DType.F32;
      case Half -> DType.F16;
      case BFloat16 -> DType.BF16;
      case Long -> DType.I64;
      case Int -> DType.I32;
      case Byte -> DType.U8;
      case Bool -> DType.BOOL;
      default -> throw new CheckpointException("no file format for tensors of type " + type);
    };
  }
}
