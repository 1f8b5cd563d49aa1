package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ZeroShotTest {
  // Texts: class 2 around 0°, class 6 around 90°, class 9 at 180°; lengths differ on purpose.
  private static final float[][] TEXTS = {{50, 5}, {1, -.1f}, {0, 3}, {.1f, 1}, {-1, 0}};
  private static final int[] TEXT_LABELS = {2, 2, 6, 6, 9};

  @Test
  void recognisesByTheNearestClassMean() {
    float[][] pictures = {{1, .2f}, {2, .9f}, {.3f, 8}, {-1, .2f}, {1, 2}};
    int[] labels = {2, 2, 6, 6, 2};
    assertThat(ZeroShot.predictions(pictures, TEXTS, TEXT_LABELS)).containsExactly(2, 2, 6, 9, 6);

    ZeroShot result = ZeroShot.of(pictures, labels, TEXTS, TEXT_LABELS);

    assertThat(result.accuracy()).isEqualTo(3. / 5);
    assertThat(result.macroAccuracy()).isEqualTo((2. / 3 + 1. / 2) / 2, within(1e-15));
    assertThat(result.chance()).isEqualTo(1. / 3);
  }

  @Test
  void theMeanIsOfUnitEmbeddings() {
    // As raw vectors (100, 0) would own the mean; as unit vectors it lies at 45°.
    float[][] texts = {{100, 0}, {0, 1}, {1, 0}};
    int[] textLabels = {0, 0, 1};
    assertThat(ZeroShot.predictions(new float[][] {{1, 1}, {3, .5f}}, texts, textLabels))
        .containsExactly(0, 1);
  }

  @Test
  void namesWhatIsWrong() {
    float[][] picture = {{1, 0}};
    assertThatThrownBy(() -> ZeroShot.of(picture, new int[] {7}, TEXTS, TEXT_LABELS))
        .isInstanceOf(EvalException.class)
        .hasMessage("zero-shot: class 7 of query 0 has no prototype");
    assertThatThrownBy(() -> ZeroShot.of(picture, new int[] {0}, picture, new int[] {0}))
        .hasMessage("zero-shot: expected at least 2 classes, found 1");
    assertThatThrownBy(
            () -> ZeroShot.of(new float[][] {{1, 0, 0}}, new int[] {2}, TEXTS, TEXT_LABELS))
        .hasMessage("queries and prototype examples must have the same width, found 3 and 2");
  }
}
