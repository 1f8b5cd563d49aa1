package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class FewShotTest {

  @Test
  void tiesGoToTheFirstClassAndSupportsAreNoQueries() {
    float[][] embeddings = {{1, 0}, {1, 0}, {0, 1}, {0, 1}, {0, 1}};
    int[] labels = {3, 3, 3, 5, 5};
    // Three queries a draw. Class 3's support is row 0 or 1: its twin and the query of class 5 are
    // right, row 2 is wrong. It is row 2: the prototypes are equal, so all three queries go to
    // class 3, which is right for rows 0 and 1.
    assertThat(new FewShot(1, 500, 1).accuracy(embeddings, labels)).isEqualTo(2. / 3);
  }

  @Test
  void prototypesAverageUnitEmbeddings() {
    // Class 0 at 0° (long), 90° and 45°; class 1 at 70°, always recognised. Supports of class 0:
    // 0° and 90°, mean 45°: its query is right (not so with raw embeddings, whose mean is at 0.6°);
    // 0° and 45°: the query at 90° is wrong; 45° and 90°: the query at 0° is right. Mean 5/6.
    float[] at70 = {(float) Math.cos(Math.toRadians(70)), (float) Math.sin(Math.toRadians(70))};
    float[][] embeddings = {{100, 0}, {0, 1}, {1, 1}, at70, at70, at70};
    double accuracy = new FewShot(2, 30_000, 3).accuracy(embeddings, new int[] {0, 0, 0, 1, 1, 1});
    assertThat(accuracy).isEqualTo(5. / 6, within(.006)); // four standard errors
  }

  @Test
  void averagesOverDraws() {
    // Class 0: two at 0° and one at 80°; class 1: three at 100°. A query of class 1 is always
    // right.
    // Support at 0° (2 of 3): its twin is right, the one at 80° wrong: 3 of 4 queries.
    // Support at 80° (1 of 3): both at 0° are right: 4 of 4. Expected 5/6.
    float[] at80 = {(float) Math.cos(Math.toRadians(80)), (float) Math.sin(Math.toRadians(80))};
    float[] at100 = {-at80[0], at80[1]};
    float[][] embeddings = {{1, 0}, {1, 0}, at80, at100, at100, at100};
    int[] labels = {0, 0, 0, 1, 1, 1};
    double accuracy = new FewShot(1, 30_000, 5).accuracy(embeddings, labels);
    assertThat(accuracy).isEqualTo(5. / 6, within(.003)); // more than four standard errors
  }

  @Test
  void theSeedDecidesTheDraws() {
    float[][] embeddings = TestEmbeddings.clusters(7, 9, 24, 2f, 3);
    int[] labels = TestEmbeddings.labels(7, 9);
    double first = FewShot.of(5, 1).accuracy(embeddings, labels);
    assertThat(FewShot.of(5, 1).accuracy(embeddings, labels)).isEqualTo(first);
    assertThat(FewShot.of(5, 2).accuracy(embeddings, labels))
        .isNotEqualTo(first)
        .isEqualTo(first, within(.02));
    assertThat(first).isGreaterThan(FewShot.of(1, 1).accuracy(embeddings, labels) + .1);
  }

  @Test
  void unrelatedLabelsGiveChance() {
    float[][] embeddings = TestEmbeddings.clusters(1, 200, 64, 1f, 8);
    int[] labels = new int[200];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i % 10;
    }
    assertThat(FewShot.of(1, 4).accuracy(embeddings, labels)).isEqualTo(.1, within(.02));
  }

  @Test
  void namesWhatIsWrong() {
    float[][] embeddings = {{1, 0}, {1, 0}, {0, 1}};
    assertThatThrownBy(() -> FewShot.of(1, 0).accuracy(embeddings, new int[] {4, 4, 9}))
        .isInstanceOf(EvalException.class)
        .hasMessage(
            "few-shot: class 9 has 1 examples, expected at least 2: 1 to learn from and a query");
    assertThatThrownBy(() -> FewShot.of(1, 0).accuracy(embeddings, new int[3]))
        .hasMessage("few-shot: expected at least 2 classes, found 1");
    assertThatThrownBy(() -> FewShot.of(0, 0))
        .hasMessage("few-shot: expected at least 1 shot and 1 draw, found 0 and 100");
  }
}
