package org.crossdistill.data;

/**
 * The discrete Fourier transform X[k] = Σ_n x[n]·e^(−2πi·k·n/N) of N = 2^m points, by Cooley and
 * Tukey's algorithm (1965), in place. Immutable and thread-safe.
 */
final class Fft {

  private final int size;
  private final double[] cos;
  private final double[] sin;

  /**
   * @param size N, a power of two
   */
  Fft(int size) {
    this.size = size;
    cos = new double[size / 2];
    sin = new double[size / 2];
    for (int k = 0; k < size / 2; k++) {
      // StrictMath gives the same bits on every machine.
      cos[k] = StrictMath.cos(2 * Math.PI * k / size);
      sin[k] = -StrictMath.sin(2 * Math.PI * k / size);
    }
  }

  /** Transforms N complex numbers. */
  void transform(double[] re, double[] im) {
    reverseBits(re, im);
    for (int half = 1; half < size; half *= 2) {
      int step = size / (2 * half);
      for (int block = 0; block < size; block += 2 * half) {
        for (int k = 0; k < half; k++) {
          butterfly(re, im, block + k, block + k + half, k * step);
        }
      }
    }
  }

  private void butterfly(double[] re, double[] im, int a, int b, int root) {
    double real = re[b] * cos[root] - im[b] * sin[root];
    double imaginary = re[b] * sin[root] + im[b] * cos[root];
    re[b] = re[a] - real;
    im[b] = im[a] - imaginary;
    re[a] += real;
    im[a] += imaginary;
  }

  private void reverseBits(double[] re, double[] im) {
    int bits = Integer.numberOfTrailingZeros(size);
    for (int i = 0; i < size; i++) {
      int j = bits == 0 ? 0 : Integer.reverse(i) >>> (Integer.SIZE - bits);
      if (i < j) {
        swap(re, i, j);
        swap(im, i, j);
      }
    }
  }

  private static void swap(double[] values, int i, int j) {
    double value = values[i];
    values[i] = values[j];
    values[j] = value;
  }
}
