package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TextVectorizerTest {

  private static final List<String> TEXTS =
      List.of("A red Cat!", "a cat, a cat", "the cat-food", "blue CAT", "dog");

  private static Map<String, Float> row(TextVectorizer vectorizer, String text) {
    SparseRows rows = vectorizer.transform(List.of(text));
    Map<String, Float> row = new TreeMap<>();
    for (int i = 0; i < rows.indices(0).length; i++) {
      row.put(vectorizer.features().get(rows.indices(0)[i]), rows.values(0)[i]);
    }
    return row;
  }

  @Test
  void keepsFrequentWordsAndGrams() {
    TextVectorizer vectorizer = TextVectorizer.fit(TEXTS);
    assertThat(vectorizer.features())
        .containsExactly(
            "gram <ca", "gram <cat", "gram at>", "gram cat", "gram cat>", "word a", "word cat");
  }

  @Test
  void weighsRareFeaturesMoreAndScalesToOne() {
    TextVectorizer vectorizer = TextVectorizer.fit(TEXTS);
    double cat = Math.log(6.0 / 5) + 1;
    double a = Math.log(6.0 / 3) + 1;
    assertThat(vectorizer.idf()[6]).isCloseTo((float) cat, within(1e-6f));
    assertThat(vectorizer.idf()[5]).isCloseTo((float) a, within(1e-6f));

    double norm = Math.sqrt(6 * cat * cat + a * a);
    Map<String, Float> row = row(vectorizer, "a CAT and a cat");
    assertThat(row).hasSize(7);
    assertThat(row.get("word a")).isCloseTo((float) (a / norm), within(1e-6f));
    assertThat(row.get("gram at>")).isCloseTo((float) (cat / norm), within(1e-6f));
    assertThat(row(vectorizer, "a")).containsExactly(Map.entry("word a", 1f));
  }

  @Test
  void whatWasNotFittedIsIgnored() {
    TextVectorizer vectorizer = TextVectorizer.fit(TEXTS);
    assertThat(row(vectorizer, "zebra")).isEmpty();
    assertThat(vectorizer.transform(List.of("")).toDense()[0]).containsOnly(0);
    assertThat(row(vectorizer, "cats").keySet())
        .containsExactly("gram <ca", "gram <cat", "gram cat");
  }

  @Test
  void wordsAreLettersAndDigitsOfAnyScript() {
    List<String> texts = List.of("o’clock 4:00 Größe 日本", "O’CLOCK 4:00 GRÖSSE 日本 größe");
    assertThat(TextVectorizer.fit(texts).features())
        .containsExactly("word 00", "word 4", "word clock", "word größe", "word o", "word 日本");
  }

  @Test
  void denseRowsAreTheSparseOnes() {
    TextVectorizer vectorizer = TextVectorizer.fit(TEXTS);
    SparseRows sparse = vectorizer.transform(TEXTS);
    float[][] dense = sparse.toDense();
    assertThat(sparse).hasToString("sparse [5, 7] with 26 values");
    for (int row = 0; row < 5; row++) {
      double sum = 0;
      double squares = 0;
      for (float value : dense[row]) {
        squares += value * value;
        sum += value;
      }
      double expected = 0;
      for (float value : sparse.values(row)) {
        expected += value;
      }
      assertThat(sum).isCloseTo(expected, within(1e-6));
      assertThat(squares).isCloseTo(row == 4 ? 0 : 1, within(1e-6));
    }
  }

  @Test
  void isRestoredFromFeaturesAndWeights() {
    TextVectorizer vectorizer = TextVectorizer.fit(TEXTS);
    TextVectorizer restored = TextVectorizer.restore(vectorizer.features(), vectorizer.idf());
    assertThat(restored.transform(TEXTS).toDense())
        .isDeepEqualTo(vectorizer.transform(TEXTS).toDense());
    assertThatThrownBy(() -> TextVectorizer.restore(List.of("word a"), new float[2]))
        .isInstanceOf(DataException.class)
        .hasMessage("text features: expected 1 weights, found 2");
  }

  @Test
  void theLocaleDoesNotMatter() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("tr"));
      assertThat(TextVectorizer.fit(List.of("TITLE", "TITLE")).features())
          .containsExactly("word title");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void textsWithoutCommonWordsAreRefused() {
    assertThatThrownBy(() -> TextVectorizer.fit(List.of("one", "two")))
        .isInstanceOf(DataException.class)
        .hasMessage("texts: expected words that at least 2 of 2 texts hold, found none");
    assertThatThrownBy(() -> TextVectorizer.fit(List.of())).isInstanceOf(DataException.class);
  }

  @Test
  void theSeenClassesOfTheEmojiGiveSomeThousandFeatures() {
    PairedSamples samples = EmojiDataset.load().withFrequentClasses("subgroup", 8, 5);
    Subset seen = new OpenSplit(0.6, 0).draw(samples, "subgroup", 0).train();
    TextVectorizer vectorizer = TextVectorizer.fit(samples.texts(seen.samples()));
    assertThat(vectorizer.features()).hasSizeBetween(4000, 5200);
    assertThat(vectorizer.features()).contains("word face", "gram <fac", "gram ing>");
  }
}
