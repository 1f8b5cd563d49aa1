package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.crossdistill.method.Method;

/**
 * One text embedding a class: the mean of its samples' text embeddings of length 1, itself scaled
 * to length 1.
 *
 * @param classes names; none without a common space
 * @param embeddings one for each class, [·][D]
 */
record ClassTexts(List<String> classes, float[][] embeddings) {

  /**
   * Of all classes that were trained, and of an open set's unseen ones.
   *
   * @param withTest whether the test samples have classes of their own
   */
  static ClassTexts of(
      PreparedData data, Evaluation evaluation, Method method, Teacher teacher, boolean withTest) {
    List<String> classes = new ArrayList<>();
    List<float[]> means = new ArrayList<>();
    add(data, evaluation, method, teacher, data.train(), data.classes(), classes, means);
    if (withTest) {
      add(data, evaluation, method, teacher, data.test(), data.testClasses(), classes, means);
    }
    return new ClassTexts(classes, means.toArray(float[][]::new));
  }

  private static void add(
      PreparedData data,
      Evaluation evaluation,
      Method method,
      Teacher teacher,
      int[] rows,
      List<String> names,
      List<String> classes,
      List<float[]> means) {
    Optional<float[][]> texts = evaluation.projectTexts(method, teacher, rows);
    if (texts.isPresent()) {
      int[] labels = data.labels(rows);
      for (int label = 0; label < names.size(); label++) {
        int wanted = label;
        int[] members = IntStream.range(0, rows.length).filter(i -> labels[i] == wanted).toArray();
        if (members.length > 0) {
          classes.add(names.get(label));
          means.add(unitMean(texts.get(), members));
        }
      }
    }
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
