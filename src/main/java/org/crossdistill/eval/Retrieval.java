package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Search in a gallery of embeddings by cosine. */
public final class Retrieval {
  private Retrieval() {}

  /**
   * One found row of the gallery.
   *
   * @param index the row
   * @param cosine its similarity to the query, −1 … 1
   */
  public record Hit(int index, double cosine) {}

  /**
   * The k most similar gallery rows of each query, the best first; of equal ones the first row.
   *
   * @param queries [N, D], finite
   * @param gallery [M, D], finite
   * @param k how many, 1 … M
   * @return N lists of k hits
   */
  public static List<List<Hit>> nearest(float[][] queries, float[][] gallery, int k) {
    UnitRows queryRows = UnitRows.of("queries", queries);
    UnitRows galleryRows = UnitRows.of("gallery", gallery);
    UnitRows.requireSameWidth("queries", queryRows, "gallery", galleryRows);
    if (k < 1 || k > galleryRows.count()) {
      throw new EvalException(
          "retrieval: expected 1 to %d hits, found %d".formatted(galleryRows.count(), k));
    }
    double[] cosines = new double[galleryRows.count()];
    List<List<Hit>> hits = new ArrayList<>();
    for (int i = 0; i < queryRows.count(); i++) {
      queryRows.cosines(i, galleryRows, 0, cosines);
      hits.add(best(cosines, k));
    }
    return List.copyOf(hits);
  }

  /**
   * Mean average precision: for each query, every gallery row with its label is relevant; a
   * relevant row scores the share of relevant ones among all rows at least as similar as itself (so
   * equal similarities share one rank, and the order of the gallery does not matter); these are
   * averaged over the relevant rows, then over the queries. Without knowledge it is about the
   * relevant share of the gallery.
   *
   * @param queries [N, D], finite
   * @param queryLabels [N], each present among {@code galleryLabels}
   * @param gallery [M, D], finite
   * @param galleryLabels [M], ≥ 0
   */
  public static double meanAveragePrecision(
      float[][] queries, int[] queryLabels, float[][] gallery, int[] galleryLabels) {
    UnitRows queryRows = UnitRows.of("queries", queries);
    UnitRows galleryRows = UnitRows.of("gallery", gallery);
    UnitRows.requireSameWidth("queries", queryRows, "gallery", galleryRows);
    ClassIndex.of("queries", queryLabels, queryRows.count()); // for its checks
    ClassIndex.of("gallery", galleryLabels, galleryRows.count());
    double[] cosines = new double[galleryRows.count()];
    double sum = 0;
    for (int i = 0; i < queryRows.count(); i++) {
      queryRows.cosines(i, galleryRows, 0, cosines);
      sum += averagePrecision(i, cosines, galleryLabels, queryLabels[i]);
    }
    return sum / queryRows.count();
  }

  private static double averagePrecision(int query, double[] cosines, int[] labels, int label) {
    double[] relevant =
        IntStream.range(0, labels.length)
            .filter(j -> labels[j] == label)
            .mapToDouble(j -> cosines[j])
            .sorted()
            .toArray();
    if (relevant.length == 0) {
      throw new EvalException(
          "retrieval: no gallery row has the label %d of query %d".formatted(label, query));
    }
    double[] all = DoubleStream.of(cosines).sorted().toArray();
    double sum = 0;
    int below = 0; // gallery rows less similar than the relevant one at hand
    int relevantBelow = 0;
    for (double similarity : relevant) {
      while (all[below] < similarity) {
        below++;
      }
      while (relevant[relevantBelow] < similarity) {
        relevantBelow++;
      }
      sum += (double) (relevant.length - relevantBelow) / (all.length - below);
    }
    return sum / relevant.length;
  }

  private static List<Hit> best(double[] cosines, int k) {
    double[] left = cosines.clone();
    List<Hit> hits = new ArrayList<>(k);
    for (int i = 0; i < k; i++) {
      int best = Accuracy.argMax(left);
      hits.add(new Hit(best, left[best]));
      left[best] = Double.NEGATIVE_INFINITY;
    }
    return List.copyOf(hits);
  }
}
