package org.crossdistill.eval;

/** L of a symmetric positive definite matrix A = L·Lᵀ, [D][D], in f64. */
final class CholeskyFactor {

  private final double[][] lower;

  private CholeskyFactor(double[][] lower) {
    this.lower = lower;
  }

  /** XᵀX/N of rows [N][D]; only what is on and below the diagonal is filled. */
  static double[][] gram(double[][] rows) {
    int size = rows[0].length;
    double[][] gram = new double[size][size];
    for (double[] row : rows) {
      for (int i = 0; i < size; i++) {
        double scaled = row[i] / rows.length;
        for (int j = 0; j <= i; j++) {
          gram[i][j] += scaled * row[j];
        }
      }
    }
    return gram;
  }

  /**
   * Factorises A + λ·I.
   *
   * @param a of which only what is on and below the diagonal is read; positive semi-definite
   * @param lambda above 0
   */
  static CholeskyFactor of(double[][] a, double lambda) {
    double[][] lower = new double[a.length][];
    for (int i = 0; i < a.length; i++) {
      lower[i] = new double[i + 1];
      for (int j = 0; j < i; j++) {
        lower[i][j] = (a[i][j] - dot(lower[i], lower[j], j)) / lower[j][j];
      }
      lower[i][i] = Math.sqrt(a[i][i] + lambda - dot(lower[i], lower[i], i));
    }
    return new CholeskyFactor(lower);
  }

  /** A⁻¹·b. */
  double[] solve(double[] b) {
    double[] x = forward(b);
    for (int i = x.length - 1; i >= 0; i--) {
      x[i] /= lower[i][i];
      for (int j = 0; j < i; j++) {
        x[j] -= lower[i][j] * x[i];
      }
    }
    return x;
  }

  /** bᵀ·A⁻¹·b. */
  double inverseNorm(double[] b) {
    double[] y = forward(b);
    return dot(y, y, y.length);
  }

  /** L⁻¹·b. */
  private double[] forward(double[] b) {
    double[] y = new double[b.length];
    for (int i = 0; i < y.length; i++) {
      y[i] = (b[i] - dot(lower[i], y, i)) / lower[i][i];
    }
    return y;
  }

  /** Scalar product of the first {@code count} values. */
  static double dot(double[] a, double[] b, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
