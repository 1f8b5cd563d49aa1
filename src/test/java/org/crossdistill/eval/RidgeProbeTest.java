package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RidgeProbeTest {

  private static final int TRAIN = 400;
  private static final int TEST = 300;

  private final SplittableRandom random = new SplittableRandom(3);

  private float[][] normal(int rows, int columns) {
    float[][] values = new float[rows][columns];
    for (float[] row : values) {
      for (int j = 0; j < columns; j++) {
        row[j] = (float) random.nextGaussian();
      }
    }
    return values;
  }

  /** A fixed map of features on other scales, and noise of a deviation. */
  private float[][] mixed(float[][] factors, double noise) {
    float[][] features = new float[factors.length][6];
    for (int i = 0; i < factors.length; i++) {
      for (int j = 0; j < 6; j++) {
        double sum = noise * random.nextGaussian();
        for (int k = 0; k < factors[i].length; k++) {
          sum += Math.sin(1.7 * (j + 1) * (k + 1)) * factors[i][k];
        }
        features[i][j] = (float) (Math.pow(10, j - 3) * (sum + 2));
      }
    }
    return features;
  }

  @Test
  void recoversAPlantedFactor() {
    float[][] train = normal(TRAIN, 3);
    float[][] test = normal(TEST, 3);
    RidgeProbe probe = new RidgeProbe(mixed(train, 0));

    assertThat(probe.r2(train, mixed(test, 0), test)).isGreaterThan(0.999);
  }

  /** One feature with as much noise as factor: half of the variance can be known. */
  @Test
  void findsAsMuchAsThereIs() {
    float[][] train = normal(20_000, 1);
    float[][] test = normal(20_000, 1);
    RidgeProbe probe = new RidgeProbe(plus(train, normal(20_000, 1)));

    double r2 = probe.r2(train, plus(test, normal(20_000, 1)), test);

    assertThat(r2).isCloseTo(0.5, within(0.02));
  }

  private static float[][] plus(float[][] a, float[][] b) {
    float[][] sum = new float[a.length][a[0].length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < sum[i].length; j++) {
        sum[i][j] = a[i][j] + b[i][j];
      }
    }
    return sum;
  }

  /** As many features as half of the samples: without the choice of λ this would be far below 0. */
  @Test
  void findsNothingWhereNothingIs() {
    float[][] train = normal(TRAIN, 2);
    float[][] test = normal(TEST, 2);
    RidgeProbe probe = new RidgeProbe(normal(TRAIN, TRAIN / 2));

    assertThat(probe.r2(train, normal(TEST, TRAIN / 2), test)).isBetween(-0.5, 0.05);
    int[] classes = classes(TRAIN);
    assertThat(probe.accuracy(classes, 2, normal(TEST, TRAIN / 2), classes(TEST)))
        .isBetween(0.4, 0.6);
  }

  private int[] classes(int count) {
    return random.ints(count, 0, 2).toArray();
  }

  @Test
  void predictsAsTheNormalEquationsDo() {
    float[][] features = {{1, 0}, {-1, 0}, {0, 2}, {0, -2}};
    float[][] targets = {{3}, {1}, {2}, {2}};
    RidgeProbe probe = new RidgeProbe(features);

    // Standardised: (±√2, 0), (0, ±√2); XᵀX/N = I; Xᵀy/N = (√2/2, 0); the least λ fits best.
    double slope = Math.sqrt(2) / 2 / (1 + 1e-4);
    double[][] predicted = probe.predict(targets, new float[][] {{1, 5}, {2, 0}});

    assertThat(predicted[0][0]).isCloseTo(2 + slope * Math.sqrt(2), within(1e-12));
    assertThat(predicted[1][0]).isCloseTo(2 + slope * 2 * Math.sqrt(2), within(1e-12));
  }

  @Test
  void tellsClassesApartAndIgnoresAConstantColumn() {
    float[][] features = {{5, 1}, {5, 1.1f}, {5, -1}, {5, -1.1f}};
    RidgeProbe probe = new RidgeProbe(features);

    double accuracy =
        probe.accuracy(
            new int[] {0, 0, 1, 1}, 2, new float[][] {{9, 2}, {5, -2}}, new int[] {0, 1});

    assertThat(accuracy).isEqualTo(1);
  }

  @Test
  void namesWhatIsWrong() {
    RidgeProbe probe = new RidgeProbe(normal(4, 2));
    assertThatThrownBy(() -> probe.predict(normal(3, 1), normal(2, 2)))
        .isInstanceOf(EvalException.class)
        .hasMessage("probe: expected targets for 4 samples, found 3");
    assertThatThrownBy(() -> new RidgeProbe(new float[][] {{1, 2}, {0, Float.NaN}}))
        .hasMessage("probe: expected finite features, found NaN in row 1");
    assertThatThrownBy(() -> new RidgeProbe(normal(1, 2)))
        .hasMessage("probe: expected at least 2 rows of features, found 1");
  }

  private static void refused(String message, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(EvalException.class).hasMessage("probe: " + message);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    float[][] features = {{0, 1}, {1, 0}, {1, 1}};
    RidgeProbe probe = new RidgeProbe(features);
    int[] classes = {0, 1, 1};
    float[][] targets = {{0}, {1}, {2}};
    refused(
        "expected classes from 0 to 1, found -100",
        () -> probe.accuracy(new int[] {0, -100, 1}, 2, features, classes));
    refused(
        "expected test classes from 0 to 1, found 2",
        () -> probe.accuracy(classes, 2, features, new int[] {0, 1, 2}));
    refused(
        "expected test classes for 3 samples, found 2",
        () -> probe.accuracy(classes, 2, features, new int[] {0, 1}));
    refused(
        "expected at least 1 rows of test features, found 0",
        () -> probe.accuracy(classes, 2, new float[0][], new int[0]));
    refused(
        "expected finite test features, found NaN in row 1",
        () -> probe.accuracy(classes, 2, new float[][] {{0, 1}, {Float.NaN, 0}, {1, 1}}, classes));
    refused(
        "expected 2 columns of test features, found 3 in row 0",
        () -> probe.r2(targets, new float[][] {{0, 1, 2}, {1, 0}, {1, 1}}, targets));
    refused(
        "expected test targets that differ, found one number in column 0",
        () -> probe.r2(targets, features, new float[][] {{2}, {2}, {2}}));
    refused(
        "expected 1 columns of test targets, found 0 in row 0",
        () -> probe.r2(targets, features, new float[3][0]));
    refused(
        "expected 1 columns of features, found 0 in row 0", () -> new RidgeProbe(new float[2][0]));
    refused(
        "expected 2 columns of features, found 1 in row 1",
        () -> new RidgeProbe(new float[][] {{1, 2}, {3}}));
  }
}
