package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class OpenSplitTest {

  private static PairedSamples samples;
  private static Labels labels;

  @BeforeAll
  static void load() {
    samples = EmojiDataset.load().withFrequentClasses(EmojiDataset.SUBGROUP, 8, 5);
    labels = samples.labels(EmojiDataset.SUBGROUP);
  }

  private static Split draw(double seen, double validation, long seed) {
    return new OpenSplit(seen, validation).draw(samples, EmojiDataset.SUBGROUP, seed);
  }

  @Test
  void sixtyPercentOfTheClassesAreSeen() {
    Split split = draw(0.6, 0, 0);
    assertThat(split.train().classes()).hasSize(42);
    assertThat(split.test().classes()).hasSize(27);
    assertThat(split.validation().size()).isZero();
  }

  @Test
  void noClassAndNoBaseIsInTwoParts() {
    for (int seed = 0; seed < 50; seed++) {
      Split split = draw(0.6, 0.1, seed);
      assertThat(split.validation().classes()).hasSize(6);
      List<String> classes = new ArrayList<>(split.train().classes());
      classes.addAll(split.validation().classes());
      classes.addAll(split.test().classes());
      assertThat(classes).hasSize(69).doesNotHaveDuplicates();
      SplitAssertions.assertNoBaseInTwoParts(samples, split);
    }
  }

  @Test
  void onlySamplesThatShareABaseAreLeftOut() {
    Set<Integer> sizes = new HashSet<>();
    for (int seed = 0; seed < 20; seed++) {
      Split split = draw(0.6, 0, seed);
      sizes.add(split.train().size() + split.test().size());
    }
    // The families of "person-symbol" are of the base of "family", which has more of them.
    assertThat(sizes).containsExactlyInAnyOrder(1747, 1742);
  }

  @Test
  void labelsCountTheClassesOfTheirPart() {
    Split split = draw(0.6, 0, 3);
    for (Subset part : List.of(split.train(), split.test())) {
      int[] rows = part.samples();
      int[] partLabels = part.labels();
      Set<Integer> seen = new HashSet<>();
      for (int i = 0; i < rows.length; i++) {
        seen.add(partLabels[i]);
        assertThat(part.classes().get(partLabels[i]))
            .isEqualTo(labels.classes().get(labels.get(rows[i])));
      }
      assertThat(seen).hasSize(part.classes().size());
    }
  }

  @Test
  void theSeedDecides() {
    assertThat(draw(0.6, 0, 1).test().samples()).isEqualTo(draw(0.6, 0, 1).test().samples());
    assertThat(draw(0.6, 0, 1).test().classes()).isNotEqualTo(draw(0.6, 0, 2).test().classes());
  }

  @Test
  void everyClassIsUnseenForSomeSeed() {
    Set<String> unseen = new HashSet<>();
    for (int seed = 0; seed < 30; seed++) {
      unseen.addAll(draw(0.6, 0, seed).test().classes());
    }
    assertThat(unseen).hasSize(69);
  }

  @Test
  void tooFewOrEmptyClassesAreNamed() {
    PairedSamples three = SplitAssertions.samples("abcdef", "p", "p", "q", "q", "r", "r");
    assertThatThrownBy(() -> new OpenSplit(0.6, 0).draw(three, "kind", 0))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "open split of column 'kind': expected at least 2 classes for test, found 1 of 3");
    Labels withEmpty = Labels.of("kind", List.of("p", "q", "r", "s"), new int[] {0, 0, 1, 1, 2, 2});
    PairedSamples empty = PairedSamples.of(three.samples(), List.of(withEmpty));
    assertThatThrownBy(() -> new OpenSplit(0.5, 0).draw(empty, "kind", 0))
        .isInstanceOf(DataException.class)
        .hasMessage("class 's' of column 'kind': expected samples of bases of its own, found none");
  }

  @Test
  void badOptionsAreRefused() {
    assertThatThrownBy(() -> new OpenSplit(1, 0))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "open split: expected 0 < seen < 1 and 0 ≤ validation < seen, found 1.0 and 0.0");
    assertThatThrownBy(() -> new OpenSplit(0.6, 0.6)).isInstanceOf(DataException.class);
    assertThatThrownBy(() -> new OpenSplit(Double.NaN, 0)).isInstanceOf(DataException.class);
  }
}
