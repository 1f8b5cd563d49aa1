package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.crossdistill.eval.Retrieval.Hit;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  // Seen from (1, 0): cosines 1, .8, .6, 0, −1.
  private static final float[][] GALLERY = {{0, 2}, {8, 6}, {5, 0}, {3, 4}, {-1, 0}};
  private static final float[][] QUERY = {{1, 0}};

  @Test
  void findsTheNearestRowsInOrder() {
    List<List<Hit>> hits = Retrieval.nearest(QUERY, GALLERY, 3);
    assertThat(hits).hasSize(1);
    assertThat(hits.get(0)).extracting(Hit::index).containsExactly(2, 1, 3);
    assertThat(hits.get(0).get(1).cosine()).isEqualTo(.8, within(1e-15));
    assertThat(hits.get(0).get(2).cosine()).isEqualTo(.6, within(1e-15));
    assertThat(Retrieval.nearest(QUERY, GALLERY, 5).get(0).get(4)).isEqualTo(new Hit(4, -1));
  }

  @Test
  void ofEqualRowsTheFirstComesFirst() {
    float[][] gallery = {{1, 1}, {2, 2}, {1, 1}};
    assertThat(Retrieval.nearest(QUERY, gallery, 3).get(0))
        .extracting(Hit::index)
        .containsExactly(0, 1, 2);
  }

  @Test
  void averagesThePrecisionAtTheRelevantRanks() {
    // Ranks: rows 2, 1, 3, 0, 4. Relevant are rows 1, 0: precision 1/2 and 2/4.
    assertThat(map(new int[] {7, 7, 3, 3, 3}, 7)).isEqualTo(.5, within(1e-15));
    // Relevant are rows 2, 3, 4: precision 1, 2/3, 3/5.
    assertThat(map(new int[] {7, 7, 3, 3, 3}, 3)).isEqualTo((1 + 2. / 3 + .6) / 3, within(1e-15));
  }

  @Test
  void equalSimilaritiesShareARankWhateverTheOrder() {
    float[][] constant = {{1, 0}, {1, 0}, {1, 0}, {1, 0}};
    for (int[] labels : new int[][] {{1, 0, 0, 0}, {0, 0, 0, 1}}) {
      assertThat(Retrieval.meanAveragePrecision(QUERY, new int[] {1}, constant, labels))
          .isEqualTo(.25);
    }
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> map(new int[5], 1))
        .isInstanceOf(EvalException.class)
        .hasMessage("retrieval: no gallery row has the label 1 of query 0");
    assertThatThrownBy(() -> Retrieval.nearest(QUERY, GALLERY, 6))
        .hasMessage("retrieval: expected 1 to 5 hits, found 6");
  }

  private static double map(int[] galleryLabels, int label) {
    return Retrieval.meanAveragePrecision(QUERY, new int[] {label}, GALLERY, galleryLabels);
  }
}
