package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.LabelledSamples.Choice;
import org.crossdistill.data.LabelledSamples.Part;
import org.junit.jupiter.api.Test;

final class LabelledSamplesTest {

  private static final int ALL = Integer.MAX_VALUE;

  /** Training samples a class, then validation, then test, of each class. */
  private static LabelledSamples samples(
      String source, List<String> names, int train, int validation, int test) {
    List<String> classes = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (String name : names) {
      for (int i = 0; i < train + validation + test; i++) {
        classes.add(name);
        parts.add(i < train ? Part.TRAIN : i < train + validation ? Part.VALIDATION : Part.TEST);
        ids.add(name + i);
      }
    }
    FeatureSamples features = new FeatureSamples(new float[classes.size()][1]);
    return new LabelledSamples(source, features, classes, parts, ids, List.of());
  }

  private static List<Integer> list(Subset part) {
    return IntStream.of(part.samples()).boxed().toList();
  }

  @Test
  void partsAreDisjointAndKeepTheirClasses() {
    LabelledSamples all = samples("s", List.of("b", "a"), 20, 0, 5);

    Split split = all.split(new Choice(0.2, ALL, 1));

    assertThat(split.train().classes()).containsExactly("a", "b");
    assertThat(split.train().samples()).hasSize(32);
    assertThat(split.validation().samples()).hasSize(8);
    assertThat(split.test().samples()).hasSize(10);
    assertThat(list(split.train())).doesNotContainAnyElementsOf(list(split.validation()));
    for (Subset part : List.of(split.train(), split.validation(), split.test())) {
      for (int i = 0; i < part.samples().length; i++) {
        String name = part.classes().get(part.labels()[i]);
        assertThat(all.classes().get(part.samples()[i])).isEqualTo(name);
        boolean test = all.parts().get(part.samples()[i]) == Part.TEST;
        assertThat(test).isEqualTo(part == split.test());
      }
    }
  }

  @Test
  void sameSeedGivesTheSameSplitAndLessIsPartOfMore() {
    LabelledSamples all = samples("s", List.of("a", "b"), 40, 0, 5);

    Split few = all.split(new Choice(0.1, 5, 3));
    Split more = all.split(new Choice(0.1, 10, 3));

    assertThat(all.split(new Choice(0.1, 5, 3)).train().samples()).isEqualTo(few.train().samples());
    assertThat(all.split(new Choice(0.1, 5, 4)).train().samples())
        .isNotEqualTo(few.train().samples());
    assertThat(few.train().samples()).hasSize(10);
    assertThat(list(more.train())).hasSize(20).containsAll(list(few.train()));
    assertThat(more.validation().samples()).isEqualTo(few.validation().samples());
  }

  @Test
  void validationThatTheFilesNameIsTaken() {
    LabelledSamples all = samples("s", List.of("a", "b"), 10, 3, 2);

    Split split = all.split(new Choice(0.5, ALL, 1));

    assertThat(split.train().samples()).hasSize(20);
    assertThat(list(split.validation())).containsExactly(10, 11, 12, 25, 26, 27);
  }

  @Test
  void whatCannotBeDividedIsRefused() {
    Choice choice = new Choice(0.2, ALL, 1);
    assertThatThrownBy(() -> samples("s.csv", List.of("a"), 9, 0, 2).split(choice))
        .isInstanceOf(DataException.class)
        .hasMessage("s.csv: expected at least two classes, found only [a]");
    assertThatThrownBy(() -> samples("s.csv", List.of("a", "b"), 9, 0, 0).split(choice))
        .hasMessage("s.csv: expected test samples of class 'a', found none");
    assertThatThrownBy(() -> samples("s.csv", List.of("a", "b"), 0, 0, 1).split(choice))
        .hasMessage("s.csv: expected training samples of class 'a', found none");
    assertThatThrownBy(() -> samples("s.csv", List.of("a", "b"), 2, 0, 1).split(choice))
        .hasMessageStartingWith("s.csv: expected a class of which a share of 0.2 is a sample");
  }

  @Test
  void classesThatOneModalityLacksAreNamedWithASample() {
    LabelledSamples sounds = samples("clips.csv", List.of("0", "1", "eleven"), 2, 0, 1);
    LabelledSamples pictures = samples("pictures", List.of("0", "1"), 2, 0, 1);

    pictures.requireClassesOf(sounds);
    assertThatThrownBy(() -> sounds.requireClassesOf(pictures))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "pictures: expected the 3 classes of clips.csv, found none named 'eleven'"
                + " (sample 'eleven0') among its 2");
  }

  @Test
  void partnersAreLookedUpInTheSamePartOnly() {
    FeatureSamples two = new FeatureSamples(new float[2][1]);
    List<String> classes = List.of("a", "b");
    List<Part> parts = List.of(Part.TRAIN, Part.TEST);
    LabelledSamples others =
        new LabelledSamples("p", two, classes, parts, List.of("7", "7"), List.of());
    LabelledSamples own =
        new LabelledSamples("s", two, classes, parts, List.of("x", "y"), List.of("7", "7"));
    LabelledSamples astray =
        new LabelledSamples(
            "s",
            two,
            List.of("b", "b"),
            List.of(Part.TEST, Part.VALIDATION),
            List.of("x", "y"),
            List.of("7", "7"));

    assertThat(own.partners(others)).containsExactly(0, 1);
    assertThatThrownBy(() -> astray.partners(others))
        .isInstanceOf(DataException.class)
        .hasMessage("s, sample 'y': expected its pair '7' in the same part of p, found none");
    assertThatThrownBy(() -> others.partners(own))
        .hasMessage("p: expected a column that pairs examples, found none");
  }

  /** Two sounds share a picture: 0 in training, 1 for validation. Picture 3 belongs to none. */
  @Test
  void noPairLiesAcrossTwoParts() {
    List<String> classes = List.of("a", "b", "a", "b", "a", "b");
    List<Part> parts =
        List.of(Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.TEST, Part.TEST);
    FeatureSamples features = new FeatureSamples(new float[6][1]);
    List<String> ids = List.of("0", "1", "2", "3", "4", "5");
    LabelledSamples pictures = new LabelledSamples("p", features, classes, parts, ids, List.of());
    Labels none = Labels.of("label", List.of("a", "b"), new int[] {0, 1});
    Split sounds =
        new Split(
            Subset.of(new int[] {0, 1}, none),
            Subset.of(new int[] {2, 3}, none),
            Subset.of(new int[] {4, 5}, none));

    Split split = pictures.splitBeside(new int[] {0, 1, 0, 2, 4, 5}, sounds);

    assertThat(list(split.train())).containsExactly(0, 1, 3);
    assertThat(list(split.validation())).containsExactly(2);
    assertThat(list(split.test())).containsExactly(4, 5);
  }

  @Test
  void pairOfAnotherClassIsRefused() {
    FeatureSamples one = new FeatureSamples(new float[1][1]);
    List<Part> train = List.of(Part.TRAIN);
    LabelledSamples picture =
        new LabelledSamples("p", one, List.of("b"), train, List.of("7"), List.of());
    LabelledSamples sound =
        new LabelledSamples("s", one, List.of("a"), train, List.of("x"), List.of("7"));
    assertThatThrownBy(() -> sound.partners(picture))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "s, sample 'x' of class 'a': expected its pair '7' in the same class, found 'b'");
  }

  @Test
  void featuresWithoutRowsOrOfSeveralLengthsAreRefused() {
    assertThatThrownBy(() -> new FeatureSamples(new float[0][]))
        .isInstanceOf(DataException.class)
        .hasMessage("features: expected at least one row, found none");
    assertThatThrownBy(() -> new FeatureSamples(new float[][] {{1, 2}, {3, 4}, {5}}))
        .isInstanceOf(DataException.class)
        .hasMessage("features: expected 2 values in each row, found 1 in row 2");
  }

  @Test
  void soundsThatAreNoBandsOfOneLengthAreRefused() {
    SoundAugmentation none = new SoundAugmentation(0, 0, 0);
    assertThatThrownBy(() -> new SoundSamples(new float[2][6], 4, none))
        .isInstanceOf(DataException.class)
        .hasMessage("sounds: expected 4 bands of one length, found 6 values in sound 0");
    assertThatThrownBy(() -> new SoundSamples(new float[][] {new float[8], new float[4]}, 4, none))
        .isInstanceOf(DataException.class)
        .hasMessage("sounds: expected 4 bands of one length, found 4 values in sound 1");
    assertThatThrownBy(() -> new SoundSamples(new float[2][6], 0, none))
        .isInstanceOf(DataException.class)
        .hasMessage("sounds: expected at least one of at least one band, found 2 of 0");
  }
}
