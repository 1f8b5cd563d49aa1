package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class PairedSamplesTest {

  private static final Picture WHITE = Picture.of(1, 1, new byte[] {-1, -1, -1});

  private static PairedSample sample(String id, String base) {
    return new PairedSample(id, base, "title " + id, "text of " + id, WHITE);
  }

  @Test
  void numbersClassesAlphabetically() {
    Labels labels = Labels.ofNames("animal", List.of("dog", "cat", "dog", "ant"));
    assertThat(labels.classes()).containsExactly("ant", "cat", "dog");
    assertThat(labels.toArray()).containsExactly(2, 1, 2, 0);
  }

  @Test
  void aLabelOutsideTheRangeIsNamed() {
    assertThatThrownBy(() -> Labels.of("animal", List.of("ant", "cat"), new int[] {0, -100, 2}))
        .isInstanceOf(DataException.class)
        .hasMessage("label of sample 2 in column 'animal': expected 0 to 1 or -100, found 2");
    assertThatThrownBy(() -> Labels.of("animal", List.of("ant", "cat"), new int[] {-1}))
        .hasMessage("label of sample 0 in column 'animal': expected 0 to 1 or -100, found -1");
  }

  @Test
  void keepsClassesWithEnoughSamplesAndBases() {
    List<PairedSample> samples =
        List.of(
            sample("a", "1"),
            sample("b", "1"),
            sample("c", "2"),
            sample("d", "3"),
            sample("e", "3"),
            sample("f", "4"),
            sample("g", "5"));
    Labels kind = Labels.of("kind", List.of("x", "y", "z"), new int[] {0, 0, 2, 1, 1, 2, -100});
    Labels other = Labels.ofNames("other", List.of("p", "q", "r", "s", "t", "u", "v"));
    PairedSamples all = PairedSamples.of(samples, List.of(kind, other));

    PairedSamples twoBases = all.withFrequentClasses("kind", 2, 2);
    assertThat(twoBases.samples().stream().map(PairedSample::id)).containsExactly("c", "f");
    assertThat(twoBases.labels("kind").classes()).containsExactly("z");
    assertThat(twoBases.labels("kind").toArray()).containsExactly(0, 0);
    assertThat(twoBases.labels("other").toArray()).containsExactly(2, 5);
    assertThat(all.withFrequentClasses("kind", 2, 1).size()).isEqualTo(6);
    assertThat(all.labels("kind").toArray()).containsExactly(0, 0, 2, 1, 1, 2, -100);

    assertThatThrownBy(() -> all.withFrequentClasses("kind", 3, 1))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "column 'kind': expected a class of at least 3 samples and 1 bases, found none");
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    assertThatThrownBy(() -> PairedSamples.of(List.of(), List.of()))
        .isInstanceOf(DataException.class)
        .hasMessage("expected at least one sample, found none");
    assertThatThrownBy(
            () -> PairedSamples.of(List.of(sample("a", "1"), sample("a", "2")), List.of()))
        .hasMessage("sample 'a' comes twice; ids must be unique");
    assertThatThrownBy(
            () ->
                PairedSamples.of(
                    List.of(sample("a", "1")), List.of(Labels.ofNames("kind", List.of("x", "y")))))
        .hasMessage("column 'kind': expected 1 labels, found 2");
  }

  @Test
  void anUnknownColumnIsNamedWithThoseThereAre() {
    PairedSamples samples =
        PairedSamples.of(List.of(sample("a", "1")), List.of(Labels.ofNames("group", List.of("x"))));
    assertThatThrownBy(() -> samples.labels("subgroup"))
        .isInstanceOf(DataException.class)
        .hasMessage("label: expected one of [group], found 'subgroup'");
    assertThat(samples.texts(new int[] {0, 0})).containsExactly("text of a", "text of a");
  }
}
