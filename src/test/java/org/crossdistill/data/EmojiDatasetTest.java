package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class EmojiDatasetTest {

  private static PairedSamples samples;
  private static Map<String, PairedSample> byTitle;

  @BeforeAll
  static void load() {
    samples = EmojiDataset.load();
    byTitle =
        samples.samples().stream().collect(Collectors.toMap(PairedSample::title, sample -> sample));
  }

  private static Set<String> bases(String... titles) {
    Set<String> bases = new HashSet<>();
    for (String title : titles) {
      bases.add(byTitle.get(title).base());
    }
    return bases;
  }

  @Test
  void holdsEveryEmojiThatHasAPictureOnce() {
    assertThat(samples.size()).isEqualTo(1906);
    assertThat(samples.samples().stream().map(PairedSample::id).distinct()).hasSize(1906);
    assertThat(EmojiText.readAll()).hasSize(1914);
    assertThat(EmojiText.readAll().stream().map(EmojiText::description))
        .filteredOn(description -> !byTitle.containsKey(description))
        .containsExactlyInAnyOrder(
            "distorted face",
            "fight cloud",
            "hairy creature",
            "ballet dancer",
            "orca",
            "landslide",
            "trombone",
            "treasure chest");
  }

  @Test
  void hasNineGroupsAndNinetyEightSubgroups() {
    Labels groups = samples.labels(EmojiDataset.GROUP);
    assertThat(groups.classes())
        .containsExactly(
            "Activities",
            "Animals & Nature",
            "Flags",
            "Food & Drink",
            "Objects",
            "People & Body",
            "Smileys & Emotion",
            "Symbols",
            "Travel & Places");
    assertThat(samples.labels(EmojiDataset.SUBGROUP).classes()).hasSize(98);
    int people = groups.classes().indexOf("People & Body");
    double share = IntStream.of(groups.toArray()).filter(label -> label == people).count() / 1906.0;
    assertThat(share).isBetween(0.20, 0.205);
  }

  @Test
  void sixtyNineSubgroupsAreLargeEnough() {
    PairedSamples frequent = samples.withFrequentClasses(EmojiDataset.SUBGROUP, 8, 5);
    assertThat(frequent.size()).isEqualTo(1747);
    Labels labels = frequent.labels(EmojiDataset.SUBGROUP);
    assertThat(labels.classes()).hasSize(69).contains("family", "flag", "food-fruit");
    assertThat(labels.classes()).doesNotContain("keycap");
    int[] counts = new int[69];
    IntStream.of(labels.toArray()).forEach(label -> counts[label]++);
    assertThat(IntStream.of(counts)).allMatch(count -> count >= 8);
  }

  @Test
  void variantsOfOneEmojiHaveOneBase() {
    assertThat(samples.samples().stream().map(PairedSample::base).distinct()).hasSize(1674);
    assertThat(bases("police officer", "man police officer", "woman police officer")).hasSize(1);
    assertThat(bases("person", "woman: red hair", "man: bald", "person: beard")).hasSize(1);
    assertThat(bases("person walking", "woman walking facing right")).hasSize(1);
    assertThat(bases("family", "family: man, woman, boy", "family: adult, child")).hasSize(1);
    assertThat(bases("kiss", "kiss: woman, woman")).hasSize(1);
    assertThat(bases("grinning face", "beaming face with smiling eyes")).hasSize(2);
    assertThat(bases("flag: Japan", "flag: Italy")).hasSize(2);
  }

  @Test
  void flagsThatLookTheSameHaveOneBase() {
    assertThat(bases("flag: Norway", "flag: Svalbard & Jan Mayen")).hasSize(1);
    assertThat(bases("flag: France", "flag: Clipperton Island")).hasSize(1);
    assertThat(bases("flag: Spain", "flag: Ceuta & Melilla")).hasSize(1);
    assertThat(bases("flag: United States", "flag: U.S. Outlying Islands")).hasSize(1);
    Map<Picture, String> baseOf = new HashMap<>();
    for (PairedSample sample : samples.samples()) {
      String base = baseOf.putIfAbsent(sample.picture(), sample.base());
      assertThat(base).isIn(null, sample.base());
    }
    assertThat(baseOf).hasSize(1902);
  }

  @Test
  void textsAreDescriptionsAndKeywords() {
    PairedSample apple = byTitle.get("red apple");
    assertThat(apple.id()).isEqualTo("🍎");
    assertThat(apple.text()).startsWith("red apple, ").contains("fruit", "food");
    int index = samples.samples().indexOf(apple);
    Labels subgroups = samples.labels(EmojiDataset.SUBGROUP);
    assertThat(subgroups.classes().get(subgroups.get(index))).isEqualTo("food-fruit");
  }

  @Test
  void picturesBelongToTheirTexts() {
    for (PairedSample sample : samples.samples()) {
      assertThat(sample.picture().width()).isEqualTo(64);
      assertThat(sample.picture().height()).isEqualTo(64);
    }
    assertThat(meanColour("red heart"))
        .satisfies(rgb -> assertThat(rgb[0] - rgb[2]).isGreaterThan(60));
    assertThat(meanColour("blue heart"))
        .satisfies(rgb -> assertThat(rgb[2] - rgb[0]).isGreaterThan(60));
    assertThat(meanColour("green circle"))
        .satisfies(rgb -> assertThat(rgb[1] - rgb[0]).isGreaterThan(30));
    assertThat(meanColour("black large square"))
        .satisfies(rgb -> assertThat(rgb[0]).isLessThan(110));
    assertThat(meanColour("white large square"))
        .satisfies(rgb -> assertThat(rgb[0]).isGreaterThan(200));
    // The flag of Japan: a red disc on white.
    Picture japan = byTitle.get("flag: Japan").picture();
    assertThat(japan.value(32, 32, 0) - japan.value(32, 32, 1)).isGreaterThan(100);
    assertThat(japan.value(8, 32, 1)).isGreaterThan(220);
  }

  private static double[] meanColour(String title) {
    byte[] rgb = byTitle.get(title).picture().rgb();
    double[] mean = new double[3];
    for (int i = 0; i < rgb.length; i++) {
      mean[i % 3] += (rgb[i] & 0xff) / (rgb.length / 3.0);
    }
    return mean;
  }

  @Test
  void transparentCornersAreWhite() {
    Picture face = byTitle.get("grinning face").picture();
    for (int channel = 0; channel < 3; channel++) {
      assertThat(face.value(0, 0, channel)).isEqualTo(255);
      assertThat(face.value(63, 63, channel)).isEqualTo(255);
    }
  }

  @Test
  void theOrderIsAlwaysTheSame() {
    List<String> ids = EmojiDataset.load().samples().stream().map(PairedSample::id).toList();
    assertThat(ids).isEqualTo(samples.samples().stream().map(PairedSample::id).toList());
    assertThat(ids.get(0)).isEqualTo("😀");
  }
}
