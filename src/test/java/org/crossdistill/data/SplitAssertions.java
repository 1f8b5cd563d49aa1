package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What every split must keep to. */
final class SplitAssertions {

  private static final Picture WHITE = Picture.of(1, 1, new byte[] {-1, -1, -1});

  private SplitAssertions() {}

  static void assertNoBaseInTwoParts(PairedSamples samples, Split split) {
    Map<String, Subset> partOf = new HashMap<>();
    for (Subset part : List.of(split.train(), split.validation(), split.test())) {
      int[] rows = part.samples();
      assertThat(rows).doesNotHaveDuplicates().isSorted();
      for (int sample : rows) {
        Subset before = partOf.putIfAbsent(samples.get(sample).base(), part);
        assertThat(before).as(samples.get(sample).base()).isIn(null, part);
      }
    }
  }

  /** One sample per character: its base is the character, its class the name beside it. */
  static PairedSamples samples(String bases, String... classes) {
    List<PairedSample> samples = new ArrayList<>();
    for (int i = 0; i < bases.length(); i++) {
      samples.add(new PairedSample("s" + i, bases.substring(i, i + 1), "", "", WHITE));
    }
    return PairedSamples.of(samples, List.of(Labels.ofNames("kind", List.of(classes))));
  }
}
