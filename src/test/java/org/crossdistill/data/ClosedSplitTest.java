package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosedSplitTest {

  private static final int ALL = ClosedSplit.ALL;
  private static PairedSamples emoji;
  private static PairedSamples subgroups;

  @BeforeAll
  static void load() {
    emoji = EmojiDataset.load();
    subgroups = emoji.withFrequentClasses(EmojiDataset.SUBGROUP, 8, 5);
  }

  private static int[] counts(Subset part) {
    int[] counts = new int[part.classes().size()];
    IntStream.of(part.labels()).filter(label -> label >= 0).forEach(label -> counts[label]++);
    return counts;
  }

  private static Set<Integer> set(int[] values) {
    return IntStream.of(values).boxed().collect(Collectors.toCollection(TreeSet::new));
  }

  @ParameterizedTest
  @CsvSource({"group, 0.1, 0.2", "subgroup, 0.1, 0.2", "subgroup, 0, 0.3", "group, 0.3, 0.5"})
  void everySampleIsInOnePartAndNoBaseInTwo(String column, double validation, double test) {
    PairedSamples samples = column.equals("group") ? emoji : subgroups;
    for (int seed = 0; seed < 20; seed++) {
      Split split = new ClosedSplit(validation, test, ALL, ALL).draw(samples, column, seed);
      SplitAssertions.assertNoBaseInTwoParts(samples, split);
      int total = split.train().size() + split.validation().size() + split.test().size();
      assertThat(total).isEqualTo(samples.size());
      assertThat((double) split.test().size() / total).isBetween(test - 0.03, test + 0.03);
      assertThat((double) split.validation().size() / total)
          .isBetween(validation - 0.03, validation + 0.03);
      assertThat(IntStream.of(counts(split.train()))).allMatch(count -> count > 0);
      assertThat(IntStream.of(counts(split.test()))).allMatch(count -> count > 0);
      assertThat(IntStream.of(counts(split.validation()))).allMatch(c -> c > 0 == validation > 0);
    }
  }

  @Test
  void classesAreDividedInProportion() {
    Labels labels = emoji.labels("group");
    int[] all = new int[9];
    IntStream.of(labels.toArray()).forEach(label -> all[label]++);
    int[] test = counts(new ClosedSplit(0.1, 0.2, ALL, ALL).draw(emoji, "group", 4).test());
    for (int label = 0; label < 9; label++) {
      assertThat(test[label] / (double) all[label]).isBetween(0.18, 0.22);
    }
  }

  @Test
  void labelsAreThoseOfTheDataSet() {
    Split split = new ClosedSplit(0.1, 0.2, ALL, ALL).draw(subgroups, "subgroup", 0);
    for (Subset part : List.of(split.train(), split.validation(), split.test())) {
      assertThat(part.classes()).isEqualTo(subgroups.labels("subgroup").classes());
      for (int row = 0; row < part.size(); row++) {
        assertThat(part.labels()[row])
            .isEqualTo(subgroups.labels("subgroup").get(part.samples()[row]));
      }
    }
  }

  @Test
  void limitedDataKeepsSoManyOfEachClassAndTheSameTest() {
    Split all = new ClosedSplit(0.1, 0.2, ALL, ALL).draw(emoji, "group", 3);
    Split twenty = new ClosedSplit(0.1, 0.2, 20, ALL).draw(emoji, "group", 3);
    Split ten = new ClosedSplit(0.1, 0.2, 10, ALL).draw(emoji, "group", 3);
    assertThat(counts(twenty.train())).containsOnly(20);
    assertThat(counts(ten.train())).containsOnly(10);
    assertThat(twenty.train().size()).isEqualTo(180);
    assertThat(twenty.test().samples()).isEqualTo(all.test().samples());
    assertThat(set(all.train().samples())).containsAll(set(twenty.train().samples()));
    assertThat(set(twenty.train().samples())).containsAll(set(ten.train().samples()));
  }

  @Test
  void fewLabelsKeepAllPairs() {
    Split all = new ClosedSplit(0.1, 0.2, ALL, ALL).draw(emoji, "group", 3);
    Split few = new ClosedSplit(0.1, 0.2, ALL, 20).draw(emoji, "group", 3);
    assertThat(few.train().samples()).isEqualTo(all.train().samples());
    assertThat(counts(few.train())).containsOnly(20);
    assertThat(IntStream.of(few.train().labels()).filter(label -> label == -100).count())
        .isEqualTo(few.train().size() - 180);
    assertThat(few.test().labels()).isEqualTo(all.test().labels()).doesNotContain(-100);
  }

  @Test
  void theSeedDecides() {
    ClosedSplit options = new ClosedSplit(0.1, 0.2, 10, 5);
    Split one = options.draw(emoji, "group", 1);
    Split again = options.draw(emoji, "group", 1);
    Split two = options.draw(emoji, "group", 2);
    assertThat(one.train().samples()).isEqualTo(again.train().samples());
    assertThat(one.train().labels()).isEqualTo(again.train().labels());
    assertThat(one.test().samples()).isEqualTo(again.test().samples());
    assertThat(one.test().samples()).isNotEqualTo(two.test().samples());
    assertThat(one.train().samples()).isNotEqualTo(two.train().samples());
  }

  @Test
  void aBaseOfTwoClassesStaysTogether() {
    PairedSamples samples =
        SplitAssertions.samples("aaabcdxxx", "p", "p", "q", "p", "p", "q", "q", "q", "p");
    for (int seed = 0; seed < 50; seed++) {
      Split split = new ClosedSplit(0, 0.4, ALL, ALL).draw(samples, "kind", seed);
      SplitAssertions.assertNoBaseInTwoParts(samples, split);
      assertThat(split.train().size() + split.test().size()).isEqualTo(9);
      assertThat(split.validation().size()).isZero();
    }
  }

  @Test
  void samplesWithoutALabelAreTrainingPairs() {
    List<PairedSample> five = SplitAssertions.samples("abcde", "", "", "", "", "").samples();
    Labels labels = Labels.of("kind", List.of("p"), new int[] {0, 0, -100, -100, 0});
    PairedSamples samples = PairedSamples.of(five, List.of(labels));
    Split split = new ClosedSplit(0, 0.3, ALL, ALL).draw(samples, "kind", 0);
    assertThat(set(split.train().samples())).contains(2, 3).hasSize(4);
    assertThat(IntStream.of(split.train().labels()).filter(label -> label == -100).count())
        .isEqualTo(2);
    assertThat(split.test().labels()).containsExactly(0);
  }

  @Test
  void anEmptyClassAndOneOfTooFewBasesAreNamed() {
    PairedSamples few = SplitAssertions.samples("abcdee", "p", "p", "p", "q", "q", "q");
    assertThatThrownBy(() -> new ClosedSplit(0.2, 0.2, ALL, ALL).draw(few, "kind", 0))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "class 'q' of column 'kind': expected at least 3 bases, for train, validation, test,"
                + " found 2");
    Labels withEmpty = Labels.of("kind", List.of("p", "q"), new int[] {0, 0, 0, 0, 0, 0});
    PairedSamples empty = PairedSamples.of(few.samples(), List.of(withEmpty));
    assertThatThrownBy(() -> new ClosedSplit(0, 0.2, ALL, ALL).draw(empty, "kind", 0))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "class 'q' of column 'kind': expected at least 2 bases, for train, test, found 0");
  }

  @Test
  void badOptionsAreRefused() {
    assertThatThrownBy(() -> new ClosedSplit(0.5, 0.5, ALL, ALL))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "closed split: expected validation ≥ 0, test > 0 and their sum below 1, found 0.5 and"
                + " 0.5");
    assertThatThrownBy(() -> new ClosedSplit(0.1, 0, ALL, ALL)).isInstanceOf(DataException.class);
    assertThatThrownBy(() -> new ClosedSplit(Double.NaN, 0.1, ALL, ALL))
        .isInstanceOf(DataException.class);
    assertThatThrownBy(() -> new ClosedSplit(0.1, 0.1, 0, ALL))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("closed split: expected per-class and labelled ≥ 1, found 0");
  }
}
