package org.crossdistill.eval;

/** Classification accuracy, in fractions. Where logits tie, the first class of them counts. */
public final class Accuracy {
  private Accuracy() {}

  /**
   * The share of rows whose largest logit stands at their label.
   *
   * @param logits [N, C], no NaN
   * @param labels [N], 0 … C − 1
   */
  public static double top1(float[][] logits, int[] labels) {
    return ofPredictions(predictions(logits), checkedLabels(logits, labels));
  }

  /**
   * The mean over the classes present of the share of their rows recognised: a large class weighs
   * as much as a small one (also called balanced accuracy, or macro-averaged recall).
   *
   * @param logits [N, C], no NaN
   * @param labels [N], 0 … C − 1
   */
  public static double macro(float[][] logits, int[] labels) {
    return macroOfPredictions(predictions(logits), checkedLabels(logits, labels));
  }

  /**
   * The share of predictions that equal the label.
   *
   * @param predictions [N]
   * @param labels [N], ≥ 0
   */
  public static double ofPredictions(int[] predictions, int[] labels) {
    requirePairs(predictions, labels);
    int correct = 0;
    for (int i = 0; i < labels.length; i++) {
      if (predictions[i] == labels[i]) {
        correct++;
      }
    }
    return (double) correct / labels.length;
  }

  /**
   * The mean over the classes present of the share of their predictions that equal the label.
   *
   * @param predictions [N]
   * @param labels [N], ≥ 0
   */
  public static double macroOfPredictions(int[] predictions, int[] labels) {
    requirePairs(predictions, labels);
    ClassIndex classes = ClassIndex.of("predictions", labels, predictions.length);
    double sum = 0;
    for (int[] members : classes.members()) {
      int correct = 0;
      for (int i : members) {
        if (predictions[i] == labels[i]) {
          correct++;
        }
      }
      sum += (double) correct / members.length;
    }
    return sum / classes.count();
  }

  /**
   * The class of each row's largest logit.
   *
   * @param logits [N, C], C ≥ 1, no NaN
   * @throws EvalException for NaN, naming row and class
   */
  public static int[] predictions(float[][] logits) {
    int[] predictions = new int[logits.length];
    for (int i = 0; i < logits.length; i++) {
      predictions[i] = argMax(logits[i], i);
    }
    return predictions;
  }

  private static int argMax(float[] row, int index) {
    if (row.length == 0) {
      throw new EvalException("logits: row %d is empty".formatted(index));
    }
    int best = 0;
    for (int c = 0; c < row.length; c++) {
      if (Float.isNaN(row[c])) {
        throw new EvalException(
            "logits: row %d, class %d is NaN, expected a number".formatted(index, c));
      }
      if (row[c] > row[best]) {
        best = c;
      }
    }
    return best;
  }

  /** The position of the largest value, the first of equal ones; the values are numbers. */
  static int argMax(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  private static int[] checkedLabels(float[][] logits, int[] labels) {
    for (int i = 0; i < Math.min(logits.length, labels.length); i++) {
      if (labels[i] < 0 || labels[i] >= logits[i].length) {
        throw new EvalException(
            "logits: label %d of row %d, expected 0 to %d"
                .formatted(labels[i], i, logits[i].length - 1));
      }
    }
    return labels;
  }

  private static void requirePairs(int[] predictions, int[] labels) {
    if (predictions.length != labels.length || labels.length == 0) {
      throw new EvalException(
          "accuracy: expected one label for each prediction and at least one, found %d and %d"
              .formatted(labels.length, predictions.length));
    }
  }
}
