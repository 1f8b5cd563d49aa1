package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MatchingTest {

  @Test
  void theOwnPartnerAgainstEveryOtherOne() {
    float[][] pictures = {{1, 0}, {1, .1f}, {0, 1}};
    float[][] texts = {{2, 0}, {0, 3}, {0, 1}};
    // Picture 0 beats both others. Picture 1: own text at 90°, beaten by text 0, level with text 2.
    // Picture 2: beats text 0, level with text 1.
    assertThat(Matching.oneToTwo(pictures, texts)).isEqualTo((2 + .5 + 1.5) / 6, within(1e-15));
  }

  @Test
  void constantEmbeddingsAreAtChance() {
    float[][] constant = {{1, 1}, {1, 1}, {1, 1}, {1, 1}};
    assertThat(Matching.oneToTwo(constant, constant)).isEqualTo(.5, within(1e-15));
    assertThat(Matching.accuracy(constant, constant, 4)).isEqualTo(.25, within(1e-15));
  }

  @Test
  void directionMatters() {
    float[][] pictures = {{1, 0}, {1, 0}};
    float[][] texts = {{1, 0}, {0, 1}};
    assertThat(Matching.oneToTwo(pictures, texts)).isEqualTo(.5); // right, wrong
    assertThat(Matching.oneToTwo(texts, pictures)).isEqualTo(.5); // two ties
    float[][] more = {{1, 0}, {1, .5f}};
    assertThat(Matching.oneToTwo(more, texts)).isEqualTo(.5); // right, wrong
    assertThat(Matching.oneToTwo(texts, more)).isEqualTo(1); // the second text is nearer its own
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5})
  void theClosedFormIsTheMeanOverAllImpostorSets(int choices) {
    // Similarities on a coarse grid, so that ties are frequent.
    float[][] pictures = {{1, 0}, {0, 1}, {1, 1}, {-1, 0}, {1, -1}};
    float[][] texts = {{1, 0}, {1, 0}, {0, 1}, {-1, 0}, {1, 1}};
    double sum = 0;
    int sets = 0;
    for (int own = 0; own < 5; own++) {
      for (int set = 0; set < 32; set++) {
        if ((set >> own & 1) == 1 && Integer.bitCount(set) == choices) {
          sum += hit(pictures[own], texts, own, set);
          sets++;
        }
      }
    }
    assertThat(Matching.accuracy(pictures, texts, choices)).isEqualTo(sum / sets, within(1e-14));
  }

  @Test
  void namesWhatIsWrong() {
    float[][] two = {{1, 0}, {0, 1}};
    assertThatThrownBy(() -> Matching.oneToTwo(two, new float[][] {{1, 0}}))
        .isInstanceOf(EvalException.class)
        .hasMessage("matching: expected one gallery row for each of 2 probes, found 1");
    assertThatThrownBy(() -> Matching.accuracy(two, two, 3))
        .hasMessage("matching: expected 2 to 2 choices, found 3");
    assertThatThrownBy(() -> Matching.oneToTwo(two, new float[][] {{1}, {0}}))
        .hasMessage("probes and gallery must have the same width, found 2 and 1");
  }

  /** 1 / (number of choices that share the largest cosine) if the own partner is among them. */
  private static double hit(float[] picture, float[][] texts, int own, int set) {
    int ties = 0;
    for (int j = 0; j < texts.length; j++) {
      if ((set >> j & 1) == 1) {
        double difference = cosine(picture, texts[j]) - cosine(picture, texts[own]);
        if (difference > 1e-9) {
          return 0;
        }
        if (difference > -1e-9) {
          ties++;
        }
      }
    }
    return 1. / ties;
  }

  private static double cosine(float[] a, float[] b) {
    return (a[0] * b[0] + a[1] * b[1]) / (Math.hypot(a[0], a[1]) * Math.hypot(b[0], b[1]));
  }
}
