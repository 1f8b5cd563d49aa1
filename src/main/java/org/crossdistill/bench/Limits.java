package org.crossdistill.bench;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.NativeLibrary;
import org.crossdistill.kernel.Roofline;

/** What the machine can do at best, measured anew at each question. */
final class Limits {

  /** Some milliseconds of multiply-adds. */
  private static final long ROUNDS = 4_000_000;

  private static final int LINE = 64;

  private final Tensor[] arrays = new Tensor[4];
  private final long bytes;

  /** Takes memory of the caller's innermost scope: arrays of which none stays in the caches. */
  Limits() {
    bytes = 5 * NativeLibrary.lastLevelCacheBytes() / 4 / LINE * LINE;
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = Inputs.blank(DType.F32, bytes / Float.BYTES).zero_();
    }
  }

  /** Bytes or operations per nanosecond; 0 where there is no limit. */
  double rate(Problem.Limit limit, DType dtype, int threads) {
    return switch (limit) {
      case MEMORY -> memory(threads);
      case PRODUCTS -> products(dtype, threads);
      case NONE -> 0;
    };
  }

  private double memory(int threads) {
    long start = System.nanoTime();
    Roofline.stream(
        bytes,
        arrays[0].data_ptr(),
        arrays[1].data_ptr(),
        arrays[2].data_ptr(),
        arrays[3].data_ptr(),
        threads);
    return (double) (arrays.length * bytes) / (System.nanoTime() - start);
  }

  private static double products(DType dtype, int threads) {
    long start = System.nanoTime();
    double operations = Roofline.multiplyAdds(dtype, ROUNDS, threads);
    return operations / (System.nanoTime() - start);
  }
}
