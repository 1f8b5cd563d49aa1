package org.crossdistill.eval;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * The open-set protocol: how well do embeddings tell apart classes that training never saw? The
 * verification EER of all pairs, 1-shot and 5-shot accuracy, and, where the teacher's modality has
 * embeddings in the same space, zero-shot accuracy and 1:2 matching.
 */
public final class OpenSet {
  private OpenSet() {}

  /**
   * The numbers of a model of one modality.
   *
   * @param embeddings [N, D], finite: examples of unseen classes
   * @param labels [N], ≥ 0; at least two classes, each with 6 examples or more
   * @param seed where the few-shot draws come from
   * @return EER, SHOT1 and SHOT5, unmodifiable
   */
  public static Map<Metric, Double> evaluate(float[][] embeddings, int[] labels, long seed) {
    return Collections.unmodifiableMap(withinModality(embeddings, labels, seed));
  }

  /**
   * The numbers of a model whose embeddings share a space with the other modality's.
   *
   * @param embeddings [N, D], finite: examples of unseen classes (say, pictures)
   * @param partners [N, D], finite: the other modality's embedding of each example (say, its text)
   * @param labels [N], ≥ 0; at least two classes, each with 6 examples or more
   * @param seed where the few-shot draws come from
   * @return EER, SHOT1, SHOT5, ZEROSHOT and MATCHING, unmodifiable
   */
  public static Map<Metric, Double> evaluate(
      float[][] embeddings, float[][] partners, int[] labels, long seed) {
    Map<Metric, Double> numbers = withinModality(embeddings, labels, seed);
    numbers.put(Metric.ZEROSHOT, ZeroShot.of(embeddings, labels, partners, labels).accuracy());
    numbers.put(Metric.MATCHING, Matching.oneToTwo(embeddings, partners));
    return Collections.unmodifiableMap(numbers);
  }

  /**
   * What a model without knowledge reaches.
   *
   * @param classes the number of unseen classes, ≥ 1
   * @throws EvalException for fewer
   */
  public static Map<Metric, Double> chance(int classes) {
    if (classes < 1) {
      throw new EvalException("classes: expected at least 1, found " + classes);
    }
    return Map.of(
        Metric.EER, .5,
        Metric.SHOT1, 1. / classes,
        Metric.SHOT5, 1. / classes,
        Metric.ZEROSHOT, 1. / classes,
        Metric.MATCHING, .5);
  }

  private static Map<Metric, Double> withinModality(float[][] embeddings, int[] labels, long seed) {
    Map<Metric, Double> numbers = new EnumMap<>(Metric.class);
    numbers.put(Metric.EER, Verification.ofAllPairs(embeddings, labels).eer());
    numbers.put(Metric.SHOT1, FewShot.of(1, seed).accuracy(embeddings, labels));
    numbers.put(Metric.SHOT5, FewShot.of(5, seed).accuracy(embeddings, labels));
    return numbers;
  }
}
