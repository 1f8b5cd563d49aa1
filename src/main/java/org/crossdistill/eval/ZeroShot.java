package org.crossdistill.eval;

/**
 * Zero-shot recognition: examples of classes without a single labelled example of their modality
 * are recognised by the other modality. The prototype of a class is the mean of its unit embeddings
 * there (say, of its texts); a query (say, a picture) goes to the prototype with the largest
 * cosine, the first of equal ones.
 *
 * @param accuracy the share of queries recognised
 * @param macroAccuracy the mean over the queries' classes of the share recognised
 * @param chance 1 / number of prototypes
 */
public record ZeroShot(double accuracy, double macroAccuracy, double chance) {

  /**
   * Recognises every query.
   *
   * @param queries [N, D], finite
   * @param queryLabels [N], each one of {@code prototypeLabels}
   * @param prototypeExamples [M, D], finite: the other modality's embeddings, whose class means are
   *     the prototypes
   * @param prototypeLabels [M], ≥ 0, at least two different
   */
  public static ZeroShot of(
      float[][] queries, int[] queryLabels, float[][] prototypeExamples, int[] prototypeLabels) {
    int[] predictions = predictions(queries, prototypeExamples, prototypeLabels);
    ClassIndex classes = classes(prototypeExamples, prototypeLabels);
    if (classes.count() < 2) {
      throw new EvalException("zero-shot: expected at least 2 classes, found " + classes.count());
    }
    for (int i = 0; i < queryLabels.length; i++) {
      if (!classes.hasLabel(queryLabels[i])) {
        throw new EvalException(
            "zero-shot: class %d of query %d has no prototype".formatted(queryLabels[i], i));
      }
    }
    return new ZeroShot(
        Accuracy.ofPredictions(predictions, queryLabels),
        Accuracy.macroOfPredictions(predictions, queryLabels),
        1.0 / classes.count());
  }

  /**
   * The label of the nearest prototype of each query.
   *
   * @param queries [N, D], finite
   * @param prototypeExamples [M, D], finite
   * @param prototypeLabels [M], ≥ 0
   */
  public static int[] predictions(
      float[][] queries, float[][] prototypeExamples, int[] prototypeLabels) {
    UnitRows rows = UnitRows.of("queries", queries);
    UnitRows examples = UnitRows.of("prototype examples", prototypeExamples);
    UnitRows.requireSameWidth("queries", rows, "prototype examples", examples);
    ClassIndex classes = classes(prototypeExamples, prototypeLabels);
    UnitRows prototypes = examples.prototypes(classes.members());
    double[] cosines = new double[prototypes.count()];
    int[] predictions = new int[rows.count()];
    for (int i = 0; i < predictions.length; i++) {
      rows.cosines(i, prototypes, 0, cosines);
      predictions[i] = classes.label(Accuracy.argMax(cosines));
    }
    return predictions;
  }

  private static ClassIndex classes(float[][] prototypeExamples, int[] prototypeLabels) {
    return ClassIndex.of("prototype examples", prototypeLabels, prototypeExamples.length);
  }
}
