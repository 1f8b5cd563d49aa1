package org.crossdistill.eval;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Verification: is this pair of examples of one class (a <em>target</em> trial) or of two (a
 * <em>non-target</em> trial)? A trial is accepted when its score is at least the threshold. From
 * the scores of both kinds this computes the equal error rate, the area under the ROC curve and the
 * detection cost. Immutable, so safe for any number of threads.
 *
 * <pre>{@code
 * Verification trials = Verification.ofAllPairs(embeddings, labels);
 * double eer = trials.eer(); // a fraction, 0.5 is chance
 * }</pre>
 */
public final class Verification {
  private static final int MOST_TRIALS = 1_000_000_000; // 8 GB of scores, and indices stay int

  private final int targets;
  private final int nontargets;
  // Error counts at each threshold: the distinct scores, ascending, and at last one above all.
  private final int[] rejectedTargets; // ascending from 0 to targets
  private final int[] acceptedNontargets; // descending from nontargets to 0

  private Verification(
      int targets, int nontargets, int[] rejectedTargets, int[] acceptedNontargets) {
    this.targets = targets;
    this.nontargets = nontargets;
    this.rejectedTargets = rejectedTargets;
    this.acceptedNontargets = acceptedNontargets;
  }

  /**
   * Trials whose scores are known already.
   *
   * @param targetScores scores of pairs of one class, any order, at least one; none NaN
   * @param nontargetScores scores of pairs of two classes, likewise
   * @throws EvalException if a list is empty or holds NaN
   */
  public static Verification of(double[] targetScores, double[] nontargetScores) {
    requireNumbers("target score", targetScores);
    requireNumbers("non-target score", nontargetScores);
    return ofOwned(targetScores.clone(), nontargetScores.clone());
  }

  /**
   * Every pair i &lt; j of examples is one trial; its score is the cosine of their embeddings.
   *
   * @param embeddings [N, D], finite; a zero row has cosine 0 with all others
   * @param labels [N], ≥ 0
   * @throws EvalException if no two examples share a label, or all do
   */
  public static Verification ofAllPairs(float[][] embeddings, int[] labels) {
    UnitRows rows = UnitRows.of("embeddings", embeddings);
    ClassIndex index = ClassIndex.of("embeddings", labels, rows.count());
    int pairs = checkedPairs(rows.count());
    int same = Arrays.stream(index.members()).mapToInt(m -> checkedPairs(m.length)).sum();
    double[] targetScores = new double[same];
    double[] nontargetScores = new double[pairs - same];
    double[] cosines = new double[rows.count()];
    int t = 0;
    int n = 0;
    for (int i = 0; i < rows.count(); i++) {
      rows.cosines(i, rows, i + 1, cosines);
      for (int j = i + 1; j < rows.count(); j++) {
        if (index.classOf(i) == index.classOf(j)) {
          targetScores[t++] = cosines[j];
        } else {
          nontargetScores[n++] = cosines[j];
        }
      }
    }
    return ofOwned(targetScores, nontargetScores);
  }

  /** The number of target trials. */
  public int targets() {
    return targets;
  }

  /** The number of non-target trials. */
  public int nontargets() {
    return nontargets;
  }

  /** The equal error rate by {@link EerConvention#INTERPOLATED}, a fraction; 0.5 is chance. */
  public double eer() {
    return eer(EerConvention.INTERPOLATED);
  }

  /** The error rate where as many targets are rejected as non-targets accepted, a fraction. */
  public double eer(EerConvention convention) {
    return switch (convention) {
      case INTERPOLATED -> interpolatedEer();
      case SPEECHBRAIN -> nearestPointEer();
    };
  }

  /**
   * The area under the ROC curve: the share of (target, non-target) couples in which the target has
   * the higher score, ties counting half (Mann–Whitney).
   */
  public double auc() {
    double twiceWon = 0; // sums of integers below 2^53: exact
    for (int p = 1; p < rejectedTargets.length; p++) {
      int here = acceptedNontargets[p - 1] - acceptedNontargets[p];
      twiceWon += (double) here * (2L * targets - rejectedTargets[p - 1] - rejectedTargets[p]);
    }
    return twiceWon / (2.0 * targets * nontargets);
  }

  /**
   * The lowest detection cost over all thresholds, accept-all and reject-all among them, divided by
   * the cost of the better of these two (as NIST normalizes it): 1 is a system that knows nothing.
   *
   * @param targetPrior the assumed share p of target trials, 0 &lt; p &lt; 1; misses and false
   *     alarms cost 1 each
   */
  public double minDcf(double targetPrior) {
    return minDetectionCost(targetPrior) / Math.min(targetPrior, 1 - targetPrior);
  }

  /**
   * The same without the normalization: min p·P_miss + (1 − p)·P_false-alarm.
   *
   * @param targetPrior the assumed share p of target trials, 0 &lt; p &lt; 1
   */
  public double minDetectionCost(double targetPrior) {
    if (!(targetPrior > 0 && targetPrior < 1)) {
      throw new EvalException("target prior: expected 0 < p < 1, found " + targetPrior);
    }
    return IntStream.range(0, rejectedTargets.length)
        .mapToDouble(p -> targetPrior * missRate(p) + (1 - targetPrior) * falseAlarmRate(p))
        .min()
        .getAsDouble();
  }

  private double missRate(int point) {
    return (double) rejectedTargets[point] / targets;
  }

  private double falseAlarmRate(int point) {
    return (double) acceptedNontargets[point] / nontargets;
  }

  private double interpolatedEer() {
    int after = 1; // at point 0 all are accepted, so the gap is below 0 there
    while (gap(after) < 0) {
      after++;
    }
    double step = (double) -gap(after - 1) / (gap(after) - gap(after - 1));
    return missRate(after - 1) + step * (missRate(after) - missRate(after - 1));
  }

  /** Rejecting a score that equals the threshold is what our next point does: so start at 1. */
  private double nearestPointEer() {
    int best = 1;
    for (int p = 2; p < rejectedTargets.length; p++) {
      if (Math.abs(gap(p)) < Math.abs(gap(best))) {
        best = p;
      }
    }
    return (missRate(best) + falseAlarmRate(best)) / 2;
  }

  /** Miss rate − false alarm rate, times targets · nontargets: integer, so that ties are exact. */
  private long gap(int point) {
    return (long) rejectedTargets[point] * nontargets - (long) acceptedNontargets[point] * targets;
  }

  /** Sorts the scores in place and counts the errors at every threshold. */
  private static Verification ofOwned(double[] targetScores, double[] nontargetScores) {
    int targets = targetScores.length;
    int nontargets = nontargetScores.length;
    if (targets == 0 || nontargets == 0) {
      throw new EvalException(
          "expected target and non-target trials, found %d and %d".formatted(targets, nontargets));
    }
    Arrays.sort(targetScores);
    Arrays.sort(nontargetScores);
    int[] rejected = new int[targets + nontargets + 1];
    int[] accepted = new int[targets + nontargets + 1];
    int points = 0;
    int t = 0;
    int n = 0;
    while (t < targets || n < nontargets) {
      rejected[points] = t;
      accepted[points++] = nontargets - n;
      double threshold = Math.min(scoreAt(targetScores, t), scoreAt(nontargetScores, n));
      t = firstAbove(targetScores, t, threshold);
      n = firstAbove(nontargetScores, n, threshold);
    }
    rejected[points++] = targets;
    return new Verification(
        targets, nontargets, Arrays.copyOf(rejected, points), Arrays.copyOf(accepted, points));
  }

  private static double scoreAt(double[] sorted, int i) {
    return i < sorted.length ? sorted[i] : Double.POSITIVE_INFINITY;
  }

  private static int checkedPairs(int examples) {
    long pairs = (long) examples * (examples - 1) / 2;
    if (pairs > MOST_TRIALS) {
      throw new EvalException(
          "embeddings: %d rows make %d pairs, expected at most %d trials"
              .formatted(examples, pairs, MOST_TRIALS));
    }
    return (int) pairs;
  }

  private static int firstAbove(double[] sorted, int from, double threshold) {
    int i = from;
    while (i < sorted.length && sorted[i] <= threshold) {
      i++;
    }
    return i;
  }

  private static void requireNumbers(String name, double[] scores) {
    for (int i = 0; i < scores.length; i++) {
      if (Double.isNaN(scores[i])) {
        throw new EvalException("%s %d is NaN, expected a number".formatted(name, i));
      }
    }
  }
}
