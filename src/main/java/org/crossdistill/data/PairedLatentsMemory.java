package org.crossdistill.data;

import java.util.Locale;

/** What generated pairs take of Java's heap. */
final class PairedLatentsMemory {

  private PairedLatentsMemory() {}

  /**
   * Fails if the arrays take more than half of the heap; the rest is for what a training copies of
   * them.
   *
   * @param heap bytes
   * @throws DataException naming the keys, and how the heap is made larger
   */
  static void require(PairedLatents.Options options, long heap) {
    double bytes = bytes(options);
    if (bytes > heap / 2.0) {
      throw new DataException(
          "data.generator: samples, classes, size, factors: expected arrays of at most %s, half of"
                  .formatted(gigabytes(heap / 2.0))
              + " Java's heap (CROSSDISTILL_JAVA_OPTS=-Xmx64g makes it larger), found "
              + gigabytes(bytes));
    }
  }

  /** Rows and factors of both modalities in f32, class means and mixing matrices in f64. */
  private static double bytes(PairedLatents.Options options) {
    double own = options.privateFactors();
    double factors = options.shared() + own + options.nuisance();
    double samples = 2.0 * options.samples() * (options.size() + factors);
    double means = options.classes() * (options.shared() + 2 * own);
    return Float.BYTES * samples + Double.BYTES * (means + 2 * options.size() * factors);
  }

  private static String gigabytes(double bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
