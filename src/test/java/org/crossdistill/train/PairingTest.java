package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.crossdistill.data.FeatureSamples;
import org.crossdistill.data.Labels;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;
import org.crossdistill.train.DataOptions.Control;
import org.junit.jupiter.api.Test;

/** Which sample of one modality stands beside which of the other. */
final class PairingTest {

  private static final int CLASSES = 4;

  /** Even samples train, of the others half are for validation and half for the test. */
  private static Modality modality(int samples) {
    int[] all = IntStream.range(0, samples).toArray();
    Split split =
        new Split(
            part(Arrays.stream(all).filter(i -> i % 2 == 0).toArray()),
            part(Arrays.stream(all).filter(i -> i % 4 == 1).toArray()),
            part(Arrays.stream(all).filter(i -> i % 4 == 3).toArray()));
    return Modality.of(Kind.LATENTS, new FeatureSamples(new float[samples][1]), split);
  }

  private static Subset part(int[] samples) {
    int[] labels = IntStream.of(samples).map(i -> i / 2 % CLASSES).toArray();
    var names = IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
    return Subset.of(samples, Labels.of("label", names, labels));
  }

  private static int[] rows(Modality modality) {
    return IntStream.range(0, modality.train().length).toArray();
  }

  @Test
  void classPairsAreOfTheClassAndOfTheTrainingPart() {
    Modality student = modality(80);
    Modality other = modality(400);
    ClassPairing pairing = new ClassPairing(student, other, Control.NONE);
    int[] rows = rows(student);

    int[] partners = pairing.partners(rows, new SplittableRandom(1));

    for (int row : rows) {
      assertThat(other.split().train().labels()[partners[row]])
          .isEqualTo(student.split().train().labels()[row]);
    }
    assertThat(pairing.partners(rows, new SplittableRandom(1))).isEqualTo(partners);
    assertThat(pairing.partners(rows, new SplittableRandom(2))).isNotEqualTo(partners);
    assertThat(pairing.own(rows)).isEmpty();
  }

  @Test
  void eachSampleOfTheClassComesToItsTurn() {
    Modality student = modality(80);
    Modality other = modality(80);
    ClassPairing pairing = new ClassPairing(student, other, Control.NONE);
    SplittableRandom random = new SplittableRandom(1);

    long distinct =
        IntStream.range(0, 400)
            .map(i -> pairing.partners(new int[] {0}, random)[0])
            .distinct()
            .count();

    assertThat(distinct).isEqualTo(10);
  }

  @Test
  void shuffledClassPairsAreOfAnyClass() {
    Modality student = modality(80);
    Modality other = modality(400);
    ClassPairing pairing = new ClassPairing(student, other, Control.SHUFFLED);
    SplittableRandom random = new SplittableRandom(1);
    int same = 0;
    for (int i = 0; i < 4000; i++) {
      int partner = pairing.partners(new int[] {0}, random)[0];
      same += other.split().train().labels()[partner] == 0 ? 1 : 0;
    }

    assertThat(same).isBetween(850, 1150);
  }

  @Test
  void examplePairsAreTheirOwn() {
    Modality student = modality(80);
    int[] own = IntStream.range(0, 80).map(i -> (i + 4) % 80).toArray();
    ExamplePairing pairing =
        ExamplePairing.of(own, student.split(), student.split(), Control.NONE, 3);
    int[] rows = rows(student);

    int[] partners = pairing.partners(rows, new SplittableRandom(1));

    for (int row : rows) {
      assertThat(student.train()[partners[row]]).isEqualTo(own[student.train()[row]]);
    }
    assertThat(pairing.own(new int[] {1, 3}).orElseThrow()).containsExactly(5, 7);
  }

  @Test
  void shuffledExamplesAreNeverTheirOwnAndStayInTraining() {
    Modality student = modality(80);
    int[] own = IntStream.range(0, 80).toArray();
    int[] labels = student.split().train().labels();
    for (Control control : new Control[] {Control.SHUFFLED, Control.SHUFFLED_WITHIN_CLASS}) {
      ExamplePairing pairing = ExamplePairing.of(own, student.split(), student.split(), control, 3);
      int[] partners = pairing.partnerRows();

      assertThat(IntStream.of(partners).sorted().toArray()).isEqualTo(rows(student));
      for (int row = 0; row < partners.length; row++) {
        assertThat(partners[row]).isNotEqualTo(row);
        if (control == Control.SHUFFLED_WITHIN_CLASS) {
          assertThat(labels[partners[row]]).isEqualTo(labels[row]);
        }
      }
      assertThat(ExamplePairing.of(own, student.split(), student.split(), control, 3).partnerRows())
          .isEqualTo(partners);
      assertThat(ExamplePairing.of(own, student.split(), student.split(), control, 4).partnerRows())
          .isNotEqualTo(partners);
    }
  }

  @Test
  void pairedLatentsTellTheTruthInTheTestAlone() {
    PairedLatentsOptions defaults = PairedLatentsOptions.defaults();
    var noisy = new PairedLatents.Options(400, 4, 3, 2, 2, 6, 1, 1, 0.2, 0.3, 0.25, 0);
    PreparedData data =
        new PairedLatentsOptions(defaults.name(), Control.NONE, 0.15, 0.25, false, false, noisy)
            .prepare(5);
    var truth = PairedLatents.generate(noisy, 5).truth();

    assertThat(data.train()).hasSize(240);
    assertThat(data.validation()).hasSize(60);
    assertThat(data.test()).hasSize(100);
    assertThat(data.other().train()).isEqualTo(data.train());
    for (int sample : data.test()) {
      assertThat(data.labels(new int[] {sample})).containsExactly(truth.classes()[sample]);
    }
    int wrong = 0;
    for (int sample : data.train()) {
      wrong += data.labels(new int[] {sample})[0] == truth.classes()[sample] ? 0 : 1;
    }
    assertThat(wrong).isBetween(40, 80);
  }

  /** There are as many test samples as classes, but some class has two of them. */
  @Test
  void generatedClassesAllHaveSamples() {
    var one = new PairedLatents.Options(40, 10, 3, 2, 2, 6, 1, 1, 0, 0, 0, 0);
    var data = new PairedLatentsOptions("", Control.NONE, 0.15, 0.25, false, false, one);
    assertThatThrownBy(() -> data.prepare(0))
        .isInstanceOf(ConfigException.class)
        .hasMessageMatching(
            "data.generator.classes: expected as many as have a test sample .[1-9]., found 10");
  }

  @Test
  void rowsOfEqualLengthPointTheSameWay() {
    PairedLatentsOptions raw = PairedLatentsOptions.defaults();
    PreparedData as = raw.prepare(1);
    PreparedData equal =
        new PairedLatentsOptions(raw.name(), Control.NONE, 0.15, 0.25, false, true, raw.generator())
            .prepare(1);
    for (Role role : Role.values()) {
      for (int sample = 0; sample < 100; sample++) {
        float[] before = as.modality(role).samples().get(sample);
        float[] after = equal.modality(role).samples().get(sample);
        double square = 0;
        for (int j = 0; j < after.length; j++) {
          square += (double) after[j] * after[j];
          assertThat((double) after[j] * before[0])
              .isCloseTo((double) before[j] * after[0], within(1e-5));
        }
        assertThat(square).isCloseTo(after.length, within(1e-4));
        assertThat(Math.signum(after[0])).isEqualTo(Math.signum(before[0]));
      }
    }
  }
}
