package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.CrdLoss;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CrdTest {

  private static final int SIZE = 5;

  /** Both ways to compute them, with the memory changed before the gradients are taken. */
  @ParameterizedTest
  @CsvSource({"12, 11", "200, 3"})
  void similaritiesAreProductsWithWhatWasRememberedAtTheCandidates(int samples, int negatives) {
    try (PointerScope scope = new PointerScope()) {
      SplittableRandom random = new SplittableRandom(3);
      CrdMemory memory = new CrdMemory(random, samples, SIZE, negatives, 0.5);
      Generator generator = torch.make_generator_cpu();
      generator.set_current_seed(5);
      memory.randomness(generator);
      float[][] remembered = Tensors.rows(memory.state().get("teachers"));
      Tensor own = Tensor.create(4L, 7L);
      Tensor embeddings = Init.normal(random, 2, SIZE).requires_grad_(true);
      Tensor upstream = Init.normal(random, 2, 1 + negatives);

      Tensor candidates = memory.candidates(own);
      Tensor similarities = memory.teachers(embeddings, candidates);
      memory.update(own, embeddings, embeddings);
      similarities.mul(upstream).sum().backward();

      float[][] found = Tensors.rows(similarities.detach());
      float[][] gradients = Tensors.rows(embeddings.grad());
      float[][] x = Tensors.rows(embeddings.detach());
      float[][] weights = Tensors.rows(upstream);
      float[][] chosen = Tensors.rows(candidates.to(torch.ScalarType.Float));
      for (int i = 0; i < 2; i++) {
        double[] gradient = new double[SIZE];
        for (int j = 0; j <= negatives; j++) {
          float[] row = remembered[(int) chosen[i][j]];
          double product = 0;
          for (int d = 0; d < SIZE; d++) {
            product += (double) x[i][d] * row[d];
            gradient[d] += (double) weights[i][j] * row[d];
          }
          assertThat((double) found[i][j]).isCloseTo(product, within(1e-5));
        }
        for (int d = 0; d < SIZE; d++) {
          assertThat((double) gradients[i][d]).isCloseTo(gradient[d], within(1e-5));
        }
        assertThat(chosen[i][0]).isEqualTo(i == 0 ? 4 : 7);
        for (int j = 1; j <= negatives; j++) {
          assertThat(chosen[i][j]).isBetween(0f, samples - 1f).isNotEqualTo(chosen[i][0]);
        }
      }
    }
  }

  /** L as its formula reads, in double. */
  @Test
  void lossIsTheLogarithmOfTellingTheOwnCandidateFromNoise() {
    double[][] similarities = {{0.3, -0.2, 0.1, 0.4}, {-0.5, 0.6, 0.0, 0.2}};
    double temperature = 0.5;
    double normaliser = 3;
    int samples = 10;
    try (PointerScope scope = new PointerScope()) {
      CrdLoss loss = new CrdLoss(temperature);
      double[] flat = {0.3, -0.2, 0.1, 0.4, -0.5, 0.6, 0.0, 0.2};
      Tensor input = Tensor.create(flat, 2, 4).requires_grad_(true);

      Tensor value = loss.apply(input, normaliser, samples);
      value.backward();

      assertThat(value.item_double())
          .isCloseTo(contrast(similarities, temperature, normaliser, samples), within(1e-12));
      double step = 1e-6;
      for (int k = 0; k < flat.length; k++) {
        similarities[k / 4][k % 4] = flat[k] + step;
        double above = contrast(similarities, temperature, normaliser, samples);
        similarities[k / 4][k % 4] = flat[k] - step;
        double below = contrast(similarities, temperature, normaliser, samples);
        similarities[k / 4][k % 4] = flat[k];
        double gradient = input.grad().reshape(-1).select(0, k).item_double();
        assertThat(gradient).isCloseTo((above - below) / (2 * step), within(1e-8));
      }
    }
  }

  @Test
  void theNormaliserIsTheMeanScoreTimesTheSamples() {
    try (PointerScope scope = new PointerScope()) {
      Tensor similarities = Tensor.create(new double[] {0.5, 0, -0.5, 1}, 2, 2);
      double mean = (Math.exp(1) + 1 + Math.exp(-1) + Math.exp(2)) / 4;
      assertThat(new CrdLoss(0.5).normaliser(similarities, 7)).isCloseTo(7 * mean, within(1e-12));
    }
  }

  /** A similarity whose exponential f32 cannot hold. */
  @Test
  void aSampleFarFromItsOwnCandidateHasAFiniteLoss() {
    try (PointerScope scope = new PointerScope()) {
      Tensor input = Tensor.create(new float[] {-8, 1}, 1, 2).requires_grad_(true);
      Tensor value = new CrdLoss(0.07).apply(input, 2, 2);
      value.backward();
      double x = Math.exp(1 / 0.07) / 2;
      double own = 8 / 0.07 + Math.log(2) + Math.log(0.5 + 1e-7);
      double other = Math.log((x + 0.5) / 0.5);
      assertThat(value.item_double()).isCloseTo(own + other, within(1e-3));
      assertThat(input.grad().reshape(-1).select(0, 0).item_double())
          .isCloseTo(-1 / 0.07, within(1e-4));
    }
  }

  private static double contrast(
      double[][] similarities, double temperature, double normaliser, int samples) {
    double sum = 0;
    for (double[] row : similarities) {
      double noise = (row.length - 1.0) / samples;
      for (int j = 0; j < row.length; j++) {
        double x = Math.exp(row[j] / temperature) / normaliser;
        sum += Math.log((j == 0 ? x : noise) / (x + noise + 1e-7));
      }
    }
    return -sum / similarities.length;
  }
}
