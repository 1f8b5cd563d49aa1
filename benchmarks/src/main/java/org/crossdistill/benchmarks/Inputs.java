package org.crossdistill.benchmarks;

import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Labelled;

/** Random tensors, the same in every run. */
final class Inputs {
  private final SplittableRandom random = new SplittableRandom(7);

  /** The numbers of a shape such as "256x128". */
  static long[] sizes(String shape) {
    return Stream.of(shape.split("x", -1)).mapToLong(Long::parseLong).toArray();
  }

  /** The backend of a benchmark's parameter, "cpu" or "reference". */
  static Backend backend(String via) {
    return Labelled.parse(Backend.class, "via", via);
  }

  /** Normally distributed values of type f32. */
  Tensor normal(long rows, long columns) {
    float[] values = new float[Math.toIntExact(rows * columns)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.create(values, rows, columns);
  }

  /** Values of type f32 from 0 to 2, as the weights of samples are. */
  Tensor weights(long rows) {
    float[] values = new float[Math.toIntExact(rows)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble(2);
    }
    return Tensor.create(values, rows);
  }

  /** Labels from 0 to classes - 1. */
  Tensor labels(long rows, long classes) {
    return Tensor.create(random.longs(rows, 0, classes).toArray(), rows);
  }
}
