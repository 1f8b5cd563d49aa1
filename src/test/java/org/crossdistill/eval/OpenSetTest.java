package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenSetTest {
  private static final int CLASSES = 12;
  private static final int PER_CLASS = 10;
  private static final int[] LABELS = TestEmbeddings.labels(CLASSES, PER_CLASS);
  private static final float[][] PICTURES = TestEmbeddings.clusters(CLASSES, PER_CLASS, 32, 2f, 1);

  @Test
  void oneModalityHasThreeNumbers() {
    Map<Metric, Double> numbers = OpenSet.evaluate(PICTURES, LABELS, 9);
    assertThat(numbers)
        .containsOnlyKeys(Metric.EER, Metric.SHOT1, Metric.SHOT5)
        .containsEntry(Metric.EER, Verification.ofAllPairs(PICTURES, LABELS).eer())
        .containsEntry(Metric.SHOT1, FewShot.of(1, 9).accuracy(PICTURES, LABELS))
        .containsEntry(Metric.SHOT5, FewShot.of(5, 9).accuracy(PICTURES, LABELS));
  }

  @Test
  void partnersInTheSameSpaceAddTwo() {
    // Each text is its picture's embedding under other noise: right more often than not.
    float[][] texts = PICTURES.clone();
    float[][] noise = TestEmbeddings.clusters(1, texts.length, 32, 2f, 2);
    for (int i = 0; i < texts.length; i++) {
      texts[i] = texts[i].clone();
      for (int d = 0; d < 32; d++) {
        texts[i][d] += 2 * noise[i][d];
      }
    }
    Map<Metric, Double> numbers = OpenSet.evaluate(PICTURES, texts, LABELS, 9);
    assertThat(numbers)
        .containsOnlyKeys(Metric.EER, Metric.SHOT1, Metric.SHOT5, Metric.ZEROSHOT, Metric.MATCHING)
        .containsAllEntriesOf(OpenSet.evaluate(PICTURES, LABELS, 9))
        .containsEntry(Metric.ZEROSHOT, ZeroShot.of(PICTURES, LABELS, texts, LABELS).accuracy())
        .containsEntry(Metric.MATCHING, Matching.oneToTwo(PICTURES, texts));
    assertThat(numbers.get(Metric.ZEROSHOT)).isGreaterThan(3. / CLASSES);
    assertThat(numbers.get(Metric.MATCHING)).isGreaterThan(.6);
  }

  @Test
  void unrelatedEmbeddingsAreAtChance() {
    float[][] pictures = TestEmbeddings.clusters(1, LABELS.length, 64, 1f, 5);
    float[][] texts = TestEmbeddings.clusters(1, LABELS.length, 64, 1f, 6);
    center(pictures);
    center(texts);
    Map<Metric, Double> numbers = OpenSet.evaluate(pictures, texts, LABELS, 9);
    OpenSet.chance(CLASSES)
        .forEach(
            (metric, chance) ->
                assertThat(numbers.get(metric)).as(metric.key()).isEqualTo(chance, within(.06)));
  }

  private static void center(float[][] rows) {
    for (int d = 0; d < rows[0].length; d++) {
      float mean = 0;
      for (float[] row : rows) {
        mean += row[d] / rows.length;
      }
      for (float[] row : rows) {
        row[d] -= mean;
      }
    }
  }

  @Test
  void chanceNeedsAClass() {
    assertThat(OpenSet.chance(1)).containsEntry(Metric.SHOT1, 1.0);
    assertThatThrownBy(() -> OpenSet.chance(0))
        .isInstanceOf(EvalException.class)
        .hasMessage("classes: expected at least 1, found 0");
  }
}
