package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.CrdLoss.Candidates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The normaliser; value and gradient are held by the contract of all losses and by the method. */
final class CrdLossTest {

  @Test
  void theNormaliserIsTheMeanScoreTimesTheSamples() {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Tensor.create(new double[] {1, -1}, 2, 1);
      Tensor memory = Tensor.create(new double[] {0.5, 0}, 2, 1);
      Tensor counts = Tensor.create(new double[] {1, 2, 2, 1}, 2, 2);
      Candidates candidates = new Candidates(memory, Tensor.create(0L, 1L), counts, 2);
      double mean = (Math.exp(1) + 2 + 2 * Math.exp(-1) + 1) / 6;
      assertThat(new CrdLoss(0.5).normaliser(rows, candidates, 7))
          .isCloseTo(7 * mean, within(1e-12));
    }
  }

  /** Also where the candidates are leaves of a graph, as a memory that trains would be. */
  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void candidatesGetNoGradient(Backend backend) {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = TestTensors.gaussian(1, 3, 2).requires_grad_(true);
      Tensor memory = TestTensors.gaussian(2, 4, 2).requires_grad_(true);
      Tensor own = Tensor.create(0L, 1L, 3L);
      CrdLoss loss = new CrdLoss(0.5, backend);

      CrdLoss.Result result = loss.forward(rows, new Candidates(memory, own, null, 3), 2, 4);
      assertThat(result.loss().requires_grad()).isFalse();
      loss.apply(rows, new Candidates(memory, own, null, 3), 2, 4).backward();
      assertThat(TestTensors.values(rows.grad()))
          .containsExactly(TestTensors.values(result.gradRows()));
      assertThat(memory.grad().defined()).isFalse();
    }
  }

  /**
   * e^(1/τ) is far beyond f32 where the method's least temperature is, but Z, u and the loss are
   * not.
   */
  @ParameterizedTest
  @ValueSource(doubles = {0.002, 0.01})
  void scoresOfUnitRowsMayLeaveF32(double temperature) {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Tensor.create(new float[] {1, -1}, 2, 1);
      Tensor counts = Tensor.create(new float[] {1, 1, 1, 1}, 2, 2);
      Candidates candidates = new Candidates(rows, Tensor.create(0L, 1L), counts, 1);
      CrdLoss loss = new CrdLoss(temperature);

      double normaliser = loss.normaliser(rows, candidates, 2);
      CrdLoss.Result result = loss.forward(rows, candidates, normaliser, 2);

      double score = Math.exp(1 / temperature); // N/2·(e^(1/τ) + e^(−1/τ))
      assertThat(normaliser).isCloseTo(score, within(1e-4 * score));
      // The own one scores x = 1, the other one 0: log((1 + 1/2)/1).
      assertThat(result.loss().item_double()).isCloseTo(Math.log(1.5), within(1e-4));
      assertThat(result.gradRows().abs().max().item_double())
          .isCloseTo((1 - 1 / 1.5 * 1) / (2 * temperature), within(1e-2 / temperature));
    }
  }
}
