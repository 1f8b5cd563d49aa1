package org.crossdistill.nn;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Initial values, drawn from a generator of the caller: the same generator gives the same bits.
 * Sizes below 1 and more than 2³¹ − 1 numbers are refused with a {@link NetworkException}.
 */
public final class Init {

  private Init() {}

  /** Values uniform in ±1/√fanIn, f32: the usual start of convolutions and linear layers. */
  public static Tensor uniformFanIn(RandomGenerator random, long fanIn, long... shape) {
    double bound = 1 / Math.sqrt((double) fanIn);
    float[] values = new float[count(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(-bound, bound);
    }
    return Tensor.create(values, shape);
  }

  /** Standard normal values, f32. */
  public static Tensor normal(RandomGenerator random, long... shape) {
    float[] values = new float[count(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.create(values, shape);
  }

  /** Rows of length 1 in uniformly random directions, f32. */
  public static Tensor unitRows(RandomGenerator random, long rows, long columns) {
    float[] values = new float[count(new long[] {rows, columns})];
    int size = Math.toIntExact(columns);
    for (int start = 0; start < values.length; start += size) {
      double square = 0;
      for (int i = start; i < start + size; i++) {
        values[i] = (float) random.nextGaussian();
        square += (double) values[i] * values[i];
      }
      for (int i = start; i < start + size; i++) {
        values[i] /= (float) Math.sqrt(square);
      }
    }
    return Tensor.create(values, rows, columns);
  }

  /** One value everywhere, f32. */
  public static Tensor constant(float value, long... shape) {
    float[] values = new float[count(shape)];
    Arrays.fill(values, value);
    return Tensor.create(values, shape);
  }

  private static int count(long[] shape) {
    double count = 1;
    for (long size : shape) {
      if (size < 1) {
        throw new NetworkException(
            "weights %s: expected sizes of at least 1".formatted(Arrays.toString(shape)));
      }
      count *= size;
    }
    if (count > Integer.MAX_VALUE) {
      throw new NetworkException(
          "weights %s: expected at most %d numbers, found %.0f"
              .formatted(Arrays.toString(shape), Integer.MAX_VALUE, count));
    }
    return (int) count;
  }
}
