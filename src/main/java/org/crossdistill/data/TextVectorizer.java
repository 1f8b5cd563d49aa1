package org.crossdistill.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns texts into unit rows of words and character n-grams, weighted by inverse document frequency
 * (Salton and Buckley 1988). Fitted on training texts alone; what they do not hold is ignored
 * later.
 *
 * <p>A text is lower-cased and cut into words: maximal runs of letters, marks and digits of any
 * script. Each different word is a feature. Each word, put between {@code <} and {@code >}, is also
 * cut into all runs of three and of four characters, and each different one of the whole text is a
 * feature: "a cat" has {@code <a>}, {@code <ca}, {@code cat}, {@code at>}, {@code <cat} and {@code
 * cat>}. How often a text holds a feature does not matter. Features of fewer than {@link
 * #MIN_WORDS} or {@link #MIN_GRAMS} fitted texts are left out.
 *
 * <p>A row holds idf = ln((1 + n) / (1 + df)) + 1 for each feature of its text, with n fitted texts
 * of which df hold the feature, and is scaled to length 1. A text without a known feature gives a
 * row of zeros. Immutable and thread-safe.
 */
public final class TextVectorizer {

  /** So many fitted texts must hold a word. */
  public static final int MIN_WORDS = 2;

  /** So many fitted texts must hold a character n-gram. */
  public static final int MIN_GRAMS = 4;

  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{M}\\p{N}]+");
  private static final int[] GRAM_LENGTHS = {3, 4};
  private static final String WORD_PREFIX = "word ";
  private static final String GRAM_PREFIX = "gram ";

  private final List<String> features;
  private final float[] idf;
  private final Map<String, Integer> index = new HashMap<>();

  private TextVectorizer(List<String> features, float[] idf) {
    this.features = List.copyOf(features);
    this.idf = idf.clone();
    for (int i = 0; i < features.size(); i++) {
      index.put(features.get(i), i);
    }
  }

  /**
   * Learns features and their weights.
   *
   * @param texts to learn from, at least one
   * @return features in alphabetical order, n-grams before words
   * @throws DataException when no feature is frequent enough
   */
  public static TextVectorizer fit(List<String> texts) {
    Map<String, Integer> frequencies = new TreeMap<>();
    for (String text : texts) {
      featuresOf(text).forEach(feature -> frequencies.merge(feature, 1, Integer::sum));
    }
    frequencies.entrySet().removeIf(entry -> entry.getValue() < minimum(entry.getKey()));
    if (frequencies.isEmpty()) {
      throw new DataException(
          "texts: expected words that at least %d of %d texts hold, found none"
              .formatted(MIN_WORDS, texts.size()));
    }
    float[] idf = new float[frequencies.size()];
    int at = 0;
    for (int frequency : frequencies.values()) {
      idf[at++] = (float) (StrictMath.log((1.0 + texts.size()) / (1.0 + frequency)) + 1);
    }
    return new TextVectorizer(List.copyOf(frequencies.keySet()), idf);
  }

  /**
   * Restores a fitted vectorizer.
   *
   * @param features as {@link #features} gave them
   * @param idf as {@link #idf} gave them
   * @return the same vectorizer
   * @throws DataException when they are not as many
   */
  public static TextVectorizer restore(List<String> features, float[] idf) {
    if (features.size() != idf.length) {
      throw new DataException(
          "text features: expected %d weights, found %d".formatted(features.size(), idf.length));
    }
    return new TextVectorizer(features, idf);
  }

  /** {@return what each column stands for: "gram " or "word " and the characters} */
  public List<String> features() {
    return features;
  }

  /** {@return a copy: the weight of each column} */
  public float[] idf() {
    return idf.clone();
  }

  /**
   * Turns texts into rows.
   *
   * @param texts n of them
   * @return [n, features], each row of length 1 or all zeros
   */
  public SparseRows transform(List<String> texts) {
    return SparseRows.of(features.size(), texts.stream().map(this::row).toList());
  }

  private SparseRows.Row row(String text) {
    int[] columns =
        featuresOf(text).stream()
            .map(index::get)
            .filter(column -> column != null)
            .mapToInt(Integer::intValue)
            .sorted()
            .toArray();
    double squares = 0;
    for (int column : columns) {
      squares += (double) idf[column] * idf[column];
    }
    float[] values = new float[columns.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (idf[columns[i]] / Math.sqrt(squares));
    }
    return new SparseRows.Row(columns, values);
  }

  private static int minimum(String feature) {
    return feature.startsWith(WORD_PREFIX) ? MIN_WORDS : MIN_GRAMS;
  }

  private static Set<String> featuresOf(String text) {
    Set<String> found = new TreeSet<>();
    for (Matcher word = WORD.matcher(text.toLowerCase(Locale.ROOT)); word.find(); ) {
      found.add(WORD_PREFIX + word.group());
      found.addAll(grams(word.group()));
    }
    return found;
  }

  private static List<String> grams(String word) {
    int[] characters = ("<" + word + ">").codePoints().toArray();
    List<String> grams = new ArrayList<>();
    for (int length : GRAM_LENGTHS) {
      for (int start = 0; start + length <= characters.length; start++) {
        grams.add(GRAM_PREFIX + new String(characters, start, length));
      }
    }
    return grams;
  }
}
