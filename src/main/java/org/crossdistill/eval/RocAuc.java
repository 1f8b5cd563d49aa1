package org.crossdistill.eval;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Area under the ROC curve: how well a score tells two kinds of samples apart. */
public final class RocAuc {
  private RocAuc() {}

  /**
   * The probability that a random positive sample's score is above a random negative one's; a tie
   * counts one half (the Mann–Whitney statistic). 0.5 where scores tell nothing, below it where
   * positives score lower.
   *
   * @param scores [N], no NaN
   * @param positive [N], at least one true and one false
   * @throws EvalException if the lengths differ, a score is NaN, or one kind is missing
   */
  public static double of(float[] scores, boolean[] positive) {
    if (scores.length != positive.length) {
      throw new EvalException(
          "AUC: expected as many scores as marks, found %d and %d"
              .formatted(scores.length, positive.length));
    }
    Integer[] order = ordered(scores);
    double rankSum = 0; // of the positives, ranks from 1, ties share their mean rank
    long positives = 0;
    for (int from = 0; from < order.length; ) {
      int to = from;
      int here = 0;
      while (to < order.length && scores[order[to]] == scores[order[from]]) {
        here += positive[order[to]] ? 1 : 0;
        to++;
      }
      rankSum += here * (from + 1 + to) / 2.0;
      positives += here;
      from = to;
    }
    long negatives = order.length - positives;
    if (positives == 0 || negatives == 0) {
      throw new EvalException(
          "AUC: expected samples of both kinds, found %d and %d".formatted(positives, negatives));
    }
    return (rankSum - positives * (positives + 1) / 2.0) / positives / negatives;
  }

  private static Integer[] ordered(float[] scores) {
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw new EvalException("AUC: expected numbers, found NaN at sample " + i);
      }
    }
    Integer[] order = IntStream.range(0, scores.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> scores[i]));
    return order;
  }
}
