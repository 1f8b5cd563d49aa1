package org.crossdistill.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.Subset;

/**
 * One text embedding a class: the mean of its samples' text embeddings of length 1, itself scaled
 * to length 1.
 *
 * @param classes names; none without a common space
 * @param embeddings one for each class, [·][D]
 */
record ClassTexts(List<String> classes, float[][] embeddings) {

  /** No classes. */
  static final ClassTexts NONE = new ClassTexts(List.of(), new float[0][]);

  /**
   * Of the classes of one part that have samples in it.
   *
   * @param part whose samples the texts belong to
   * @param texts embeddings in the student's space, one for each sample of the part, [·][D]
   */
  static ClassTexts of(Subset part, float[][] texts) {
    int[] labels = part.labels();
    List<String> classes = new ArrayList<>();
    List<float[]> means = new ArrayList<>();
    for (int label = 0; label < part.classes().size(); label++) {
      int wanted = label;
      int[] members = IntStream.range(0, labels.length).filter(i -> labels[i] == wanted).toArray();
      if (members.length > 0) {
        classes.add(part.classes().get(label));
        means.add(unitMean(texts, members));
      }
    }
    return new ClassTexts(classes, means.toArray(float[][]::new));
  }

  /** These classes and then those. */
  ClassTexts and(ClassTexts others) {
    List<String> all = new ArrayList<>(classes);
    all.addAll(others.classes);
    float[][] rows = Arrays.copyOf(embeddings, all.size());
    System.arraycopy(others.embeddings, 0, rows, classes.size(), others.embeddings.length);
    return new ClassTexts(all, rows);
  }

  private static float[] unitMean(float[][] rows, int[] members) {
    double[] sum = new double[rows[0].length];
    for (int member : members) {
      double norm = norm(rows[member]);
      for (int d = 0; d < sum.length; d++) {
        sum[d] += norm == 0 ? 0 : rows[member][d] / norm;
      }
    }
    float[] mean = new float[sum.length];
    for (int d = 0; d < sum.length; d++) {
      mean[d] = (float) sum[d];
    }
    double length = norm(mean);
    for (int d = 0; d < sum.length; d++) {
      mean[d] = length == 0 ? 0 : (float) (mean[d] / length);
    }
    return mean;
  }

  private static double norm(float[] row) {
    double square = 0;
    for (float value : row) {
      square += (double) value * value;
    }
    return Math.sqrt(square);
  }
}
