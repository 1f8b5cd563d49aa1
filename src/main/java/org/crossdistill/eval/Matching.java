package org.crossdistill.eval;

/**
 * Cross-modal matching 1:N of paired embeddings: row i of the probes (say, a picture) and row i of
 * the gallery (its text) belong together. The probe must find its own partner among N choices, the
 * other N − 1 being other rows' partners; the largest cosine wins, and where T of them tie, the
 * guess is right with probability 1/T. Every set of N − 1 impostors counts: the accuracy is the
 * exact mean over all of them, not a sample. Chance is 1/N.
 */
public final class Matching {
  private Matching() {}

  /**
   * 1:2 matching: the share of impostors that the own partner beats, ties counting half.
   *
   * @param probes [N, D], finite, N ≥ 2
   * @param gallery [N, D], finite; row i is the partner of probe i
   */
  public static double oneToTwo(float[][] probes, float[][] gallery) {
    return accuracy(probes, gallery, 2);
  }

  /**
   * 1:N matching.
   *
   * @param probes [rows, D], finite
   * @param gallery [rows, D], finite; row i is the partner of probe i
   * @param choices N, from 2 to the number of rows
   */
  public static double accuracy(float[][] probes, float[][] gallery, int choices) {
    UnitRows probeRows = UnitRows.of("probes", probes);
    UnitRows galleryRows = UnitRows.of("gallery", gallery);
    UnitRows.requireSameWidth("probes", probeRows, "gallery", galleryRows);
    int rows = probeRows.count();
    if (galleryRows.count() != rows) {
      throw new EvalException(
          "matching: expected one gallery row for each of %d probes, found %d"
              .formatted(rows, galleryRows.count()));
    }
    if (choices < 2 || choices > rows) {
      throw new EvalException(
          "matching: expected 2 to %d choices, found %d".formatted(rows, choices));
    }
    double[] cosines = new double[rows];
    double sum = 0;
    for (int i = 0; i < rows; i++) {
      probeRows.cosines(i, galleryRows, 0, cosines);
      sum += expectedHits(cosines, i, choices);
    }
    return sum / rows;
  }

  /**
   * The probability that the own partner is picked among {@code choices}.
   *
   * <p>With M impostors, of which L score below the partner and T tie with it: t of the ties and N
   * − 1 − t of the lower ones are drawn in C(T, t)·C(L, N−1−t) ways, and the guess is then right
   * with probability 1/(t + 1). Since C(T, t)/(t + 1) = C(T+1, t+1)/(T + 1), Vandermonde's identity
   * sums this to (C(L+T+1, N) − C(L, N)) / (T + 1), of C(M, N−1) ways in all.
   */
  private static double expectedHits(double[] cosines, int own, int choices) {
    int lower = 0;
    int ties = -1; // the partner itself is none
    for (double cosine : cosines) {
      if (cosine < cosines[own]) {
        lower++;
      } else if (cosine == cosines[own]) {
        ties++;
      }
    }
    int impostors = cosines.length - 1;
    double ways =
        binomialRatio(lower + ties + 1, impostors, choices)
            - binomialRatio(lower, impostors, choices);
    return ways / (ties + 1);
  }

  /** C(a, n) / C(m, n − 1) for n − 1 ≤ m, without the large numbers. */
  private static double binomialRatio(int a, int m, int n) {
    double ratio = Math.max(0, a - n + 1) / (double) n;
    for (int i = 0; i < n - 1; i++) {
      ratio *= (double) (a - i) / (m - i);
    }
    return ratio;
  }
}
