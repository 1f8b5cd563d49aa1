package org.crossdistill.nn;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Small conversions between Java arrays and LibTorch tensors, and row normalisation. */
public final class Tensors {

  /** A row shorter than this normalises to zero. */
  private static final float SHORTEST = 1e-12f;

  private Tensors() {}

  /** Whether there is a tensor: not null, not closed, and defined. */
  public static boolean isGiven(Tensor tensor) {
    return tensor != null && !tensor.isNull() && tensor.defined();
  }

  /**
   * Rows of equal length as a tensor [B, D], f32.
   *
   * @throws NetworkException naming a row of another length than the first, and for more than 2³¹ −
   *     1 values
   */
  public static Tensor of(float[][] rows) {
    int columns = rows.length == 0 ? 0 : rows[0].length;
    if ((long) rows.length * columns > Integer.MAX_VALUE) {
      throw new NetworkException(
          "rows: expected at most 2147483647 values, found %d rows of %d"
              .formatted(rows.length, columns));
    }
    float[] values = new float[rows.length * columns];
    for (int i = 0; i < rows.length; i++) {
      if (rows[i].length != columns) {
        throw new NetworkException(
            "rows: expected %d values in each, found %d in row %d"
                .formatted(columns, rows[i].length, i));
      }
      System.arraycopy(rows[i], 0, values, i * columns, columns);
    }
    return Tensor.create(values, rows.length, columns);
  }

  /**
   * Values of a tensor [B, D], converted to f32, row by row.
   *
   * @throws NetworkException for a tensor that is no matrix
   */
  public static float[][] rows(Tensor tensor) {
    if (tensor.dim() != 2) {
      throw new NetworkException(
          "tensor: expected [rows, columns], found " + Arrays.toString(tensor.shape()));
    }
    float[] values = floats(tensor);
    int columns = Math.toIntExact(tensor.size(1));
    float[][] rows = new float[Math.toIntExact(tensor.size(0))][columns];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(values, i * columns, rows[i], 0, columns);
    }
    return rows;
  }

  /** All values of a tensor, converted to f32, in row-major order. */
  public static float[] floats(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.detach().cpu().to(torch.ScalarType.Float).resolve_neg().contiguous();
      float[] values = new float[Math.toIntExact(plain.numel())];
      if (values.length > 0) {
        new FloatPointer(plain.data_ptr()).get(values);
      }
      return values;
    }
  }

  /**
   * All values of an int64 tensor, in row-major order.
   *
   * @throws NetworkException for a tensor of another type: its memory would be too short
   */
  public static long[] longs(Tensor tensor) {
    if (tensor.scalar_type().value != torch.ScalarType.Long.value) {
      throw new NetworkException("tensor: expected int64, found " + tensor.scalar_type());
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.cpu().resolve_neg().contiguous();
      long[] values = new long[Math.toIntExact(plain.numel())];
      if (values.length > 0) {
        new LongPointer(plain.data_ptr()).get(values);
      }
      return values;
    }
  }

  /** Rows divided by their length; a row shorter than 1e-12 becomes zero. */
  public static Tensor normalize(Tensor rows) {
    Tensor norm = rows.norm(new ScalarOptional(new Scalar(2.0f)), new long[] {1}, true);
    return rows.div(norm.clamp_min(new Scalar(SHORTEST)));
  }
}
