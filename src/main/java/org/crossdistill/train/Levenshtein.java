package org.crossdistill.train;

import java.util.Collection;
import java.util.Comparator;

/** Edit distance, to guess which key was meant. */
final class Levenshtein {

  private Levenshtein() {}

  /**
   * The key whose last part has the fewest edits from {@code word}; of several the one of the
   * fewest parts, and of these the first.
   *
   * @param keys such as {@code margin} or {@code feature-margin.margin}
   */
  static String nearest(String word, Collection<String> keys) {
    Comparator<String> edits = Comparator.comparingInt(key -> distance(word, lastPart(key)));
    return keys.stream().min(edits.thenComparingInt(Levenshtein::parts)).orElseThrow();
  }

  private static String lastPart(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  private static int parts(String key) {
    return key.split("\\.").length;
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
