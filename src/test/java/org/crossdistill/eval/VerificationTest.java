package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.function.DoublePredicate;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerificationTest {
  private static final double EXACT = 1e-15;
  private static final double[] TARGETS = {.9, .8, .7, .55, .4};
  private static final double[] NONTARGETS = {.6, .5, .45, .3, .2, .1, .05, .01};

  @Test
  void readsTheKnownNumbersOffAShortList() {
    Verification trials = Verification.of(TARGETS, NONTARGETS);

    assertThat(trials.targets()).isEqualTo(5);
    assertThat(trials.nontargets()).isEqualTo(8);
    assertThat(trials.eer()).isEqualTo(.2, within(EXACT));
    assertThat(trials.eer(EerConvention.SPEECHBRAIN)).isEqualTo(.225, within(EXACT));
    assertThat(trials.auc()).isEqualTo(.9, within(EXACT));
    assertThat(trials.minDetectionCost(.01)).isEqualTo(.004, within(EXACT));
    assertThat(trials.minDcf(.01)).isEqualTo(.4, within(EXACT));
    assertThat(trials.minDetectionCost(.05)).isEqualTo(.02, within(EXACT));
    assertThat(trials.minDcf(.05)).isEqualTo(.4, within(EXACT));
  }

  @Test
  void interpolatesTheCrossingBetweenTwoPoints() {
    // Thresholds .3, .5, .6, .8, above: misses 0, 1/2, 1/2, 1/2, 1; false alarms 1, 2/3, 1/3, 0, 0.
    // They cross between the second and the third, where the misses stay at 1/2.
    assertThat(Verification.of(new double[] {.3, .8}, new double[] {.3, .5, .6}).eer())
        .isEqualTo(.5, within(EXACT));
    // From (0, 1) straight to (1/2, 0): they meet after two thirds of the way.
    assertThat(Verification.of(new double[] {.2, .8}, new double[] {.2}).eer())
        .isEqualTo(1. / 3, within(EXACT));
  }

  @Test
  void separatedScoresAreFreeOfErrorAndReversedOnesAllWrong() {
    Verification perfect = Verification.of(new double[] {.8, .9}, new double[] {.1, .2});
    assertThat(perfect.eer()).isZero();
    assertThat(perfect.auc()).isEqualTo(1);
    assertThat(perfect.minDcf(.01)).isZero();

    Verification reversed = Verification.of(new double[] {.1, .2}, new double[] {.8, .9});
    assertThat(reversed.eer()).isEqualTo(1);
    assertThat(reversed.auc()).isZero();
    assertThat(reversed.minDcf(.01)).isEqualTo(1); // reject all
    assertThat(reversed.minDcf(.99)).isEqualTo(1, within(EXACT)); // accept all
  }

  @Test
  void equalScoresAreOneThresholdAndHalfAWin() {
    Verification constant = Verification.of(new double[] {.5, .5, .5}, new double[] {.5, .5});
    assertThat(constant.eer()).isEqualTo(.5);
    assertThat(constant.auc()).isEqualTo(.5);
    assertThat(Verification.of(new double[] {-0.0}, new double[] {0.0}).auc()).isEqualTo(.5);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void agreesWithTheDefinitionsOnRandomScoresWithTies(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] targets = scores(random, 37, 2);
    double[] nontargets = scores(random, 53, 0);
    Verification trials = Verification.of(targets, nontargets);

    assertThat(trials.auc()).isEqualTo(aucByCounting(targets, nontargets), within(1e-14));
    assertThat(trials.minDcf(.05)).isEqualTo(minDcfByCounting(targets, nontargets), within(1e-14));
    assertThat(trials.eer(EerConvention.SPEECHBRAIN))
        .isEqualTo(speechBrainByCounting(targets, nontargets), within(1e-14));
  }

  @Test
  void scoresAllPairsOfEmbeddingsByTheirCosine() {
    float[][] embeddings = {{2, 0}, {3, 3}, {0, 1}, {0, 0}};
    int[] labels = {7, 7, 4, 4};
    // Targets: cos 45° and 0 (a zero row). Others: 0, 0, cos 45°, 0.
    double half = Math.sqrt(.5);
    Verification expected =
        Verification.of(new double[] {half, 0}, new double[] {0, 0, Math.sqrt(.5), 0});

    Verification trials = Verification.ofAllPairs(embeddings, labels);

    assertThat(trials.targets()).isEqualTo(2);
    assertThat(trials.nontargets()).isEqualTo(4);
    assertThat(trials.eer()).isEqualTo(expected.eer());
    assertThat(trials.auc()).isEqualTo(expected.auc()).isEqualTo(.625);
  }

  @Test
  void lengthOfAnEmbeddingDoesNotMatter() {
    float[][] embeddings = TestEmbeddings.clusters(6, 5, 16, 1.5f, 11);
    int[] labels = TestEmbeddings.labels(6, 5);
    double eer = Verification.ofAllPairs(embeddings, labels).eer();
    assertThat(eer).isBetween(.05, .45);

    float[][] scaled = TestEmbeddings.clusters(6, 5, 16, 1.5f, 11);
    for (int i = 0; i < scaled.length; i++) {
      for (int d = 0; d < scaled[i].length; d++) {
        scaled[i][d] *= 1 << (i % 7); // powers of two: the unit rows stay bit-identical
      }
    }
    assertThat(Verification.ofAllPairs(scaled, labels).eer()).isEqualTo(eer);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> Verification.of(new double[] {1, Double.NaN}, new double[] {0}))
        .isInstanceOf(EvalException.class)
        .hasMessage("target score 1 is NaN, expected a number");
    assertThatThrownBy(() -> Verification.of(new double[] {1}, new double[] {}))
        .hasMessage("expected target and non-target trials, found 1 and 0");
    assertThatThrownBy(() -> Verification.of(TARGETS, NONTARGETS).minDcf(1))
        .hasMessage("target prior: expected 0 < p < 1, found 1.0");
    float[][] two = {{1, 0}, {0, 1}};
    assertThatThrownBy(() -> Verification.ofAllPairs(two, new int[] {0, 1}))
        .hasMessage("expected target and non-target trials, found 0 and 1");
    assertThatThrownBy(() -> Verification.ofAllPairs(two, new int[] {0}))
        .hasMessage("embeddings: expected one label for each of 2 rows, found 1 labels");
    assertThatThrownBy(() -> Verification.ofAllPairs(two, new int[] {0, -100}))
        .hasMessage("embeddings: label -100 of row 1, expected 0 or more");
    assertThatThrownBy(
            () -> Verification.ofAllPairs(new float[][] {{1, 0}, {0, Float.NaN}}, new int[2]))
        .hasMessage("embeddings: row 1, column 1 is NaN, expected a finite number");
    assertThatThrownBy(() -> Verification.ofAllPairs(new float[][] {{1, 0}, {0}}, new int[2]))
        .hasMessage("embeddings: row 1 has 1 columns, expected 2 as in row 0");
    assertThatThrownBy(() -> Verification.ofAllPairs(new float[0][], new int[0]))
        .hasMessage("embeddings: expected at least one row and one column, found none");
  }

  /** Scores on a coarse grid, so that many are equal. */
  private static double[] scores(SplittableRandom random, int count, int shift) {
    return random.ints(count, 0, 12).mapToDouble(i -> (i + shift) / 8.).toArray();
  }

  private static double aucByCounting(double[] targets, double[] nontargets) {
    return DoubleStream.of(targets)
        .flatMap(t -> DoubleStream.of(nontargets).map(n -> t > n ? 1 : t == n ? .5 : 0))
        .average()
        .orElseThrow();
  }

  private static double minDcfByCounting(double[] targets, double[] nontargets) {
    return DoubleStream.of(targets)
            .flatMap(t -> DoubleStream.concat(DoubleStream.of(t), DoubleStream.of(nontargets)))
            .flatMap(s -> DoubleStream.of(s, Math.nextUp(s)))
            .map(x -> .05 * share(targets, s -> s < x) + .95 * share(nontargets, s -> s >= x))
            .min()
            .orElseThrow()
        / .05;
  }

  private static double speechBrainByCounting(double[] targets, double[] nontargets) {
    double smallest = Double.POSITIVE_INFINITY;
    double eer = Double.NaN;
    double[] scores =
        DoubleStream.concat(DoubleStream.of(targets), DoubleStream.of(nontargets))
            .sorted()
            .toArray();
    for (double x : scores) {
      double miss = share(targets, s -> s <= x);
      double alarm = share(nontargets, s -> s > x);
      if (Math.abs(miss - alarm) < smallest - 1e-12) { // the first of equal ones
        smallest = Math.abs(miss - alarm);
        eer = (miss + alarm) / 2;
      }
    }
    return eer;
  }

  private static double share(double[] scores, DoublePredicate wrong) {
    return (double) DoubleStream.of(scores).filter(wrong).count() / scores.length;
  }
}
