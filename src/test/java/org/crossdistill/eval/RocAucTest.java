package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RocAucTest {

  /** Every positive beside every negative. */
  private static double counted(float[] scores, boolean[] positive) {
    double won = 0;
    int pairs = 0;
    for (int i = 0; i < scores.length; i++) {
      for (int j = 0; j < scores.length; j++) {
        if (positive[i] && !positive[j]) {
          won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
          pairs++;
        }
      }
    }
    return won / pairs;
  }

  @Test
  void isTheCountOverAllPairsAlsoWithTies() {
    SplittableRandom random = new SplittableRandom(7);
    for (int levels : new int[] {2, 3, 10, 1_000_000}) {
      float[] scores = new float[101];
      boolean[] positive = new boolean[101];
      for (int i = 0; i < scores.length; i++) {
        positive[i] = i % 3 == 0;
        scores[i] = random.nextInt(levels) - (positive[i] ? 0.3f * levels : 0);
        scores[i] = Math.round(scores[i]);
      }
      assertThat(RocAuc.of(scores, positive)).isCloseTo(counted(scores, positive), within(1e-12));
    }
  }

  @Test
  void knowsItsEndsAndItsMiddle() {
    boolean[] positive = {false, true, false, true};
    assertThat(RocAuc.of(new float[] {0, 3, 1, 2}, positive)).isEqualTo(1);
    assertThat(RocAuc.of(new float[] {3, 0, 2, 1}, positive)).isZero();
    assertThat(RocAuc.of(new float[] {5, 5, 5, 5}, positive)).isEqualTo(0.5);
    assertThat(RocAuc.of(new float[] {0f, -0f}, new boolean[] {true, false})).isEqualTo(0.5);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> RocAuc.of(new float[2], new boolean[2]))
        .isInstanceOf(EvalException.class)
        .hasMessage("AUC: expected samples of both kinds, found 0 and 2");
    assertThatThrownBy(() -> RocAuc.of(new float[2], new boolean[3]))
        .hasMessage("AUC: expected as many scores as marks, found 2 and 3");
    assertThatThrownBy(() -> RocAuc.of(new float[] {0, Float.NaN}, new boolean[] {true, false}))
        .hasMessage("AUC: expected numbers, found NaN at sample 1");
  }
}
