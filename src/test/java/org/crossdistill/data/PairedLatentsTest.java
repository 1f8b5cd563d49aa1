package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.crossdistill.data.PairedLatents.Options;
import org.crossdistill.eval.RidgeProbe;
import org.junit.jupiter.api.Test;

/** What was planted is there, and nothing else. */
final class PairedLatentsTest {

  private static Options options(double low, double misaligned, double labelNoise) {
    return new Options(1000, 5, 3, 2, 2, 20, 2, 0.5, low, misaligned, labelNoise, 0);
  }

  private static int count(boolean[] planted) {
    return (int) IntStream.range(0, planted.length).filter(i -> planted[i]).count();
  }

  @Test
  void sameSeedGivesTheSameBitsAndAnotherOneOthers() {
    PairedLatents one = PairedLatents.generate(options(0.1, 0.1, 0.1), 4);
    PairedLatents same = PairedLatents.generate(options(0.1, 0.1, 0.1), 4);
    PairedLatents other = PairedLatents.generate(options(0.1, 0.1, 0.1), 5);

    assertThat(same.first()).isDeepEqualTo(one.first());
    assertThat(same.second()).isDeepEqualTo(one.second());
    assertThat(same.labels()).isEqualTo(one.labels());
    assertThat(other.first()[0]).isNotEqualTo(one.first()[0]);
  }

  @Test
  void sharesArePlantedExactly() {
    PairedLatents pairs = PairedLatents.generate(options(0.25, 0.1, 0.05), 1);

    assertThat(count(pairs.truth().firstLow())).isEqualTo(250);
    assertThat(count(pairs.truth().secondLow())).isEqualTo(250);
    assertThat(count(pairs.truth().misaligned())).isEqualTo(100);
    assertThat(count(pairs.truth().wrongLabel())).isEqualTo(50);
    for (int i = 0; i < 1000; i++) {
      boolean differs = pairs.labels()[i] != pairs.truth().classes()[i];
      assertThat(differs).isEqualTo(pairs.truth().wrongLabel()[i]);
    }
  }

  @Test
  void nothingIsPlantedByDefault() {
    PairedLatents pairs = PairedLatents.generate(Options.defaults(), 1);

    assertThat(pairs.labels()).isEqualTo(pairs.truth().classes());
    assertThat(count(pairs.truth().misaligned())).isZero();
    for (int label = 0; label < 10; label++) {
      int wanted = label;
      assertThat(IntStream.of(pairs.labels()).filter(l -> l == wanted).count()).isEqualTo(200);
    }
  }

  /** Without factors' spread within a class, what is left of a row beside its class is noise. */
  @Test
  void samplesOfLowQualityHaveFourTimesTheNoise() {
    Options loud = new Options(4000, 2, 1, 0, 0, 200, 0, 10, 0.5, 0, 0, 0);
    PairedLatents pairs = PairedLatents.generate(loud, 3);

    assertThat(deviation(pairs.second(), pairs.truth().secondLow(), false))
        .isCloseTo(10, within(0.1));
    assertThat(deviation(pairs.second(), pairs.truth().secondLow(), true))
        .isCloseTo(40, within(0.4));
    assertThat(deviation(pairs.first(), pairs.truth().firstLow(), true)).isCloseTo(40, within(0.4));
  }

  private static double deviation(float[][] rows, boolean[] low, boolean wanted) {
    double square = 0;
    long values = 0;
    for (int i = 0; i < rows.length; i++) {
      if (low[i] == wanted) {
        for (float value : rows[i]) {
          square += (double) value * value;
          values++;
        }
      }
    }
    return Math.sqrt(square / values);
  }

  /**
   * The class means of both modalities, nearest-mean: aligned pairs agree, misaligned ones don't.
   */
  @Test
  void misalignedPairsShowAnotherClassInTheFirstModality() {
    PairedLatents pairs =
        PairedLatents.generate(new Options(3000, 4, 4, 4, 0, 30, 4, 0.1, 0, 0.2, 0, 0), 2);
    int agreeing = 0;
    int aligned = 0;
    int misaligned = 0;
    double[][] means = means(pairs);
    for (int i = 0; i < 3000; i++) {
      boolean own = nearest(means, pairs.first()[i]) == pairs.truth().classes()[i];
      if (pairs.truth().misaligned()[i]) {
        misaligned++;
        agreeing += own ? 1 : 0;
      } else {
        aligned += own ? 1 : 0;
      }
    }
    assertThat(misaligned).isEqualTo(600);
    assertThat(agreeing).isLessThan(30);
    assertThat(aligned).isGreaterThan(2280);
  }

  private static double[][] means(PairedLatents pairs) {
    double[][] means = new double[4][30];
    int[] counts = new int[4];
    for (int i = 0; i < pairs.first().length; i++) {
      if (!pairs.truth().misaligned()[i]) {
        int label = pairs.truth().classes()[i];
        counts[label]++;
        for (int j = 0; j < 30; j++) {
          means[label][j] += pairs.first()[i][j];
        }
      }
    }
    for (int label = 0; label < 4; label++) {
      for (int j = 0; j < 30; j++) {
        means[label][j] /= counts[label];
      }
    }
    return means;
  }

  private static int nearest(double[][] means, float[] row) {
    int best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int label = 0; label < means.length; label++) {
      double square = 0;
      for (int j = 0; j < row.length; j++) {
        square += (row[j] - means[label][j]) * (row[j] - means[label][j]);
      }
      if (square < least) {
        least = square;
        best = label;
      }
    }
    return best;
  }

  @Test
  void bothModalitiesShareTheirFactorsUnlessThePairIsMisaligned() {
    PairedLatents pairs = PairedLatents.generate(options(0, 0.2, 0), 1);
    PairedLatents.Factors one = pairs.truth().firstFactors();
    PairedLatents.Factors two = pairs.truth().secondFactors();

    for (int i = 0; i < 1000; i++) {
      assertThat(one.shared()[i]).hasSize(3);
      assertThat(Arrays.equals(one.shared()[i], two.shared()[i]))
          .isNotEqualTo(pairs.truth().misaligned()[i]);
      assertThat(one.own()[i]).hasSize(2).isNotEqualTo(two.own()[i]);
      assertThat(one.nuisance()[i]).hasSize(2).isNotEqualTo(two.nuisance()[i]);
    }
  }

  @Test
  void withoutNoiseColumnsAreALinearMapOfTheFactors() {
    Options quiet = new Options(50, 5, 3, 2, 2, 20, 2, 0, 0, 0, 0, 0);
    PairedLatents pairs = PairedLatents.generate(quiet, 1);

    RidgeProbe probe = new RidgeProbe(factors(pairs.truth().secondFactors()));
    assertThat(probe.r2(pairs.second(), factors(pairs.truth().secondFactors()), pairs.second()))
        .isGreaterThan(0.9999);
  }

  private static float[][] factors(PairedLatents.Factors factors) {
    return IntStream.range(0, factors.shared().length)
        .mapToObj(i -> joined(factors.shared()[i], factors.own()[i], factors.nuisance()[i]))
        .toArray(float[][]::new);
  }

  private static float[] joined(float[]... parts) {
    float[] all = new float[Stream.of(parts).mapToInt(part -> part.length).sum()];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  private static Options overlapping(double overlap, double misaligned) {
    return new Options(1000, 5, 3, 2, 2, 20, 2, 0.5, 0.1, misaligned, 0.1, overlap);
  }

  /** The first columns are those of the first modality; all else is as without an overlap. */
  @Test
  void overlappingModalitiesHaveColumnsInCommon() {
    PairedLatents apart = PairedLatents.generate(overlapping(0, 0), 6);
    for (double overlap : new double[] {0.25, 0.5, 1}) {
      PairedLatents pairs = PairedLatents.generate(overlapping(overlap, 0), 6);
      int common = (int) (20 * overlap);

      assertThat(pairs.first()).isDeepEqualTo(apart.first());
      assertThat(pairs.labels()).isEqualTo(apart.labels());
      for (int i = 0; i < 1000; i++) {
        float[] row = pairs.second()[i];
        assertThat(Arrays.copyOf(row, common)).isEqualTo(Arrays.copyOf(pairs.first()[i], common));
        assertThat(Arrays.copyOfRange(row, common, 20))
            .isEqualTo(Arrays.copyOfRange(apart.second()[i], common, 20));
      }
    }
    for (int i = 0; i < 1000; i++) {
      for (int j = 0; j < 20; j++) {
        assertThat(apart.second()[i][j]).isNotEqualTo(apart.first()[i][j]);
      }
    }
  }

  /** Of a misaligned pair, too, the second modality shows nothing of another class. */
  @Test
  void overlapOfAMisalignedPairIsOfItsOwnClass() {
    Options options = new Options(3000, 4, 4, 4, 0, 30, 4, 0.1, 0, 0.2, 0, 1);
    PairedLatents pairs = PairedLatents.generate(options, 2);
    double[][] means = means(pairs);
    int own = 0;
    for (int i = 0; i < 3000; i++) {
      boolean same = Arrays.equals(pairs.first()[i], pairs.second()[i]);
      assertThat(same).isNotEqualTo(pairs.truth().misaligned()[i]);
      own += nearest(means, pairs.second()[i]) == pairs.truth().classes()[i] ? 1 : 0;
    }
    assertThat(own).isGreaterThan(2850);
  }

  /** 1000 samples of 20 columns and 7 factors in each modality, 5 classes. */
  @Test
  void whatHalfOfTheHeapCannotHoldIsRefused() {
    int rows = 2 * 1000 * (20 + 7) * Float.BYTES;
    int means = 5 * (3 + 2 + 2) * Double.BYTES;
    int mixing = 2 * 20 * 7 * Double.BYTES;
    long least = 2L * (rows + means + mixing);

    PairedLatentsMemory.require(options(0, 0, 0), least);
    assertThatThrownBy(() -> PairedLatentsMemory.require(options(0, 0, 0), least - 2))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("data.generator: samples, classes, size, factors: expected arrays");
    Options most = new Options(10_000_000, 2, 10_000, 0, 0, 10_000, 1, 0, 0, 0, 0, 0);
    assertThatThrownBy(() -> PairedLatents.generate(most, 0))
        .isInstanceOf(DataException.class)
        .hasMessageEndingWith("found 1601.6 GB");
  }

  @Test
  void valuesOutOfRangeAreNamed() {
    assertThatThrownBy(() -> options(1.5, 0, 0))
        .isInstanceOf(DataException.class)
        .hasMessage("low-quality: expected a number in [0, 1], found 1.5");
    assertThatThrownBy(() -> new Options(10, 1, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0))
        .hasMessage("classes: expected from 2 to samples = 10, found 1");
    for (double overlap : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> overlapping(overlap, 0))
          .isInstanceOf(DataException.class)
          .hasMessage("overlap: expected a number in [0, 1], found " + overlap);
    }
  }
}
