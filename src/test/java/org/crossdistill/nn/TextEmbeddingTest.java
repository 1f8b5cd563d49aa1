package org.crossdistill.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TextEmbeddingTest {

  private static float[][] randomRows(int n, int features) {
    SplittableRandom random = new SplittableRandom(7);
    float[][] rows = new float[n][features];
    for (float[] row : rows) {
      for (int j = 0; j < features; j++) {
        row[j] = (float) (random.nextGaussian() * (j + 1));
      }
    }
    return rows;
  }

  private static double dot(float[][] x, int a, int b) {
    double sum = 0;
    for (float[] row : x) {
      sum += row[a] * (double) row[b];
    }
    return sum;
  }

  @Test
  void fittedRowsHaveMeanLengthTenAndUncorrelatedComponents() {
    float[][] rows = randomRows(40, 12);

    float[][] embedded = TextEmbedding.fit(rows, 5).embed(rows);

    double mean = 0;
    for (float[] row : embedded) {
      double square = 0;
      for (float v : row) {
        square += v * (double) v;
      }
      mean += Math.sqrt(square) / rows.length;
    }
    assertThat(mean).isCloseTo(10, within(1e-4));
    for (int a = 0; a < 5; a++) {
      for (int b = 0; b < a; b++) {
        assertThat(dot(embedded, a, b)).isCloseTo(0, within(1e-2));
      }
    }
  }

  @Test
  void energyOfAComponentIsItsSingularValue() {
    // Two centred orthogonal directions with singular values 8 and 2: component energy is s, not
    // s².
    float[][] rows = {{4, 1}, {4, -1}, {-4, 1}, {-4, -1}};

    float[][] embedded = TextEmbedding.fit(rows, 2).embed(rows);

    assertThat(dot(embedded, 1, 1) / dot(embedded, 0, 0)).isCloseTo(4, within(1e-5));
  }

  @Test
  void unseenRowsAreCentredByTheFittedMean() {
    float[][] rows = {{5, 1}, {5, -1}, {-3, 1}, {-3, -1}};

    float[][] embedded = TextEmbedding.fit(rows, 2).embed(new float[][] {{1, 0}});

    assertThat(embedded[0][0]).isCloseTo(0, within(1e-6f));
    assertThat(embedded[0][1]).isCloseTo(0, within(1e-6f));
  }

  @Test
  void refusesMoreComponentsThanDirections() {
    assertThatThrownBy(() -> TextEmbedding.fit(randomRows(6, 3), 4))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("at least 4 independent directions");
    assertThatThrownBy(() -> TextEmbedding.fit(new float[][] {{1, 2}, {1, 2}, {1, 2}}, 1))
        .as("rows that are all the same")
        .isInstanceOf(NetworkException.class)
        .hasMessage(
            "teacher.embedding: expected samples with at least 1 independent directions, found"
                + " fewer in 3 samples; lower it or use more data");
  }
}
