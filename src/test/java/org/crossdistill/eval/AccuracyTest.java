package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AccuracyTest {
  private static final float[][] LOGITS = {{3, 1, 2}, {-1, -3, -2}, {0, 9, 1}, {5, 5, 1}};

  @Test
  void comparesTheLargestLogitWithTheLabel() {
    assertThat(Accuracy.predictions(LOGITS)).containsExactly(0, 0, 1, 0); // a tie: the first class
    assertThat(Accuracy.top1(LOGITS, new int[] {0, 0, 2, 0})).isEqualTo(.75);
  }

  @Test
  void macroWeighsClassesEqually() {
    // Class 0: 2 of 3 right, class 1: 0 of 1 right; class 2 does not occur.
    assertThat(Accuracy.macro(LOGITS, new int[] {0, 1, 0, 0})).isEqualTo((2. / 3 + 0) / 2);
    assertThat(Accuracy.top1(LOGITS, new int[] {0, 1, 0, 0})).isEqualTo(.5);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> Accuracy.top1(LOGITS, new int[] {0, 3, 0, 0}))
        .isInstanceOf(EvalException.class)
        .hasMessage("logits: label 3 of row 1, expected 0 to 2");
    assertThatThrownBy(() -> Accuracy.top1(new float[][] {{0, Float.NaN}}, new int[1]))
        .hasMessage("logits: row 0, class 1 is NaN, expected a number");
    assertThatThrownBy(() -> Accuracy.top1(LOGITS, new int[3]))
        .hasMessage(
            "accuracy: expected one label for each prediction and at least one, found 3 and 4");
    assertThatThrownBy(() -> Accuracy.ofPredictions(new int[0], new int[0]))
        .hasMessage(
            "accuracy: expected one label for each prediction and at least one, found 0 and 0");
  }
}
