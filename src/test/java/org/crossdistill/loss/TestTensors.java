package org.crossdistill.loss;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tensors of reproducible numbers, and their values. */
final class TestTensors {

  private TestTensors() {}

  /** Standard normal numbers in f64. */
  static Tensor gaussian(long seed, long... shape) {
    SplittableRandom random = new SplittableRandom(seed);
    return Tensor.create(
        DoubleStream.generate(random::nextGaussian).limit(count(shape)).toArray(), shape);
  }

  /** Numbers between 0.5 and 1.5 in f64. */
  static Tensor positive(long seed, long... shape) {
    SplittableRandom random = new SplittableRandom(seed);
    return Tensor.create(random.doubles(count(shape), 0.5, 1.5).toArray(), shape);
  }

  /** Integers from 0 to below a bound. */
  static Tensor integers(long seed, long bound, long... shape) {
    SplittableRandom random = new SplittableRandom(seed);
    return Tensor.create(random.longs(count(shape), 0, bound).toArray(), shape);
  }

  /** Rows in f64. */
  static Tensor rows(double[]... rows) {
    double[] values = Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    return Tensor.create(values, rows.length, rows.length == 0 ? 0 : rows[0].length);
  }

  /** All values in f64. */
  static double[] values(Tensor tensor) {
    Tensor plain = tensor.detach().to(ScalarType.Double).contiguous();
    double[] values = new double[(int) plain.numel()];
    new DoublePointer(plain.data_ptr()).get(values);
    return values;
  }

  static double value(Tensor tensor) {
    return tensor.item_double();
  }

  /** ‖a − b‖ / max(‖b‖, 0.01). */
  static double error(Tensor a, Tensor b) {
    double[] x = values(a);
    double[] y = values(b);
    double difference = 0;
    double length = 0;
    for (int i = 0; i < y.length; i++) {
      difference += (x[i] - y[i]) * (x[i] - y[i]);
      length += y[i] * y[i];
    }
    return Math.sqrt(difference) / Math.max(Math.sqrt(length), 0.01);
  }

  static boolean sameBits(Tensor a, Tensor b) {
    return torch.equal(a, b);
  }

  private static long count(long... shape) {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }
}
