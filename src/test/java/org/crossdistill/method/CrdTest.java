package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.CrdLoss;
import org.crossdistill.loss.CrdLoss.Candidates;
import org.crossdistill.loss.TensorException;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CrdTest {

  private static final int SIZE = 5;

  /** Both ways to hold what was drawn. */
  @ParameterizedTest
  @CsvSource({"12, 11", "200, 3"})
  void everySampleIsComparedWithItselfOnceAndWithOthersAsOftenAsDrawn(int samples, int negatives) {
    try (PointerScope scope = new PointerScope()) {
      CrdMemory memory = memory(samples, negatives);
      long[] own = {4, 7};
      CrdMemory.Draw draw = memory.draw(Tensor.create(own));
      Candidates candidates = memory.teachers(draw);
      float[][] remembered = Tensors.rows(memory.state().get("teachers"));
      boolean collected = draw.counts() == null;

      assertThat(collected).isEqualTo(samples == 200);
      for (int i = 0; i < own.length; i++) {
        float[] counts = new float[samples];
        if (collected) {
          long[] chosen = Tensors.longs(draw.chosen().select(0, i));
          assertThat(chosen).hasSize(1 + negatives);
          float[][] rows = Tensors.rows(candidates.embeddings().select(0, i));
          for (int j = 0; j < chosen.length; j++) {
            counts[(int) chosen[j]]++;
            assertThat(rows[j]).containsExactly(remembered[(int) chosen[j]]);
          }
          assertThat(chosen[0]).isEqualTo(own[i]);
        } else {
          counts = Tensors.floats(draw.counts().select(0, i));
        }
        float sum = 0;
        for (float count : counts) {
          sum += count;
        }
        assertThat(sum).isEqualTo(1 + negatives);
        assertThat(counts[(int) own[i]]).isEqualTo(1);
      }
    }
  }

  @Test
  void theSameRandomnessDrawsTheSameAndEverySampleIsDrawnAboutAsOften() {
    try (PointerScope scope = new PointerScope()) {
      Tensor own = Tensor.create(0L, 3L, 9L);
      CrdMemory memory = memory(10, 9);
      float[] first = Tensors.floats(memory.draw(own).counts());
      float[] second = Tensors.floats(memory.draw(own).counts());
      assertThat(Tensors.floats(memory(10, 9).draw(own).counts())).containsExactly(first);
      assertThat(second).isNotEqualTo(first);
      float[] sums = new float[30];
      for (int step = 0; step < 1000; step++) {
        float[] counts = Tensors.floats(memory.draw(own).counts());
        for (int k = 0; k < sums.length; k++) {
          sums[k] += counts[k];
        }
      }
      // 1000 times 9 draws from 9 others: 1000 each, standard deviation 30; the own one always
      // once.
      for (float sum : sums) {
        assertThat(sum).isBetween(850f, 1150f);
      }
    }
  }

  private static CrdMemory memory(int samples, int negatives) {
    CrdMemory memory = new CrdMemory(new SplittableRandom(3), samples, SIZE, negatives, 0.5);
    Generator generator = torch.make_generator_cpu();
    generator.set_current_seed(5);
    memory.randomness(generator);
    return memory;
  }

  private static final double[] ROWS = {0.3, -0.2, 0.1, -0.5, 0.6, 0.4};
  private static final double[] REMEMBERED = {
    0.5, -0.1, 0.2, 0.3, 0.7, -0.4, -0.6, 0.2, 0.8, 0.1, 0.9, -0.3
  };

  /** L as its formula reads, in double, of candidates that all rows share, counted. */
  @Test
  void lossIsTheLogarithmOfTellingTheOwnCandidateFromNoise() {
    int[] own = {2, 0};
    double[][] counts = {{3, 0, 1, 2}, {1, 1, 4, 0}};
    try (PointerScope scope = new PointerScope()) {
      Tensor memory = Tensor.create(REMEMBERED, 4, 3);
      Tensor often = Tensor.create(new double[] {3, 0, 1, 2, 1, 1, 4, 0}, 2, 4);
      Candidates candidates = new Candidates(memory, Tensor.create(2L, 0L), often, 5);
      int[][] which = {{0, 1, 2, 3}, {0, 1, 2, 3}};
      assertThatLossIsThatOf(candidates, which, own, counts);
    }
  }

  /** The same of each row's own candidates, two of them the same sample. */
  @Test
  void lossOfCandidatesOfEachRowIsTheSame() {
    int[][] which = {{2, 0, 0, 3}, {1, 3, 2, 2}};
    double[][] counts = {{1, 1, 1, 1}, {1, 1, 1, 1}};
    try (PointerScope scope = new PointerScope()) {
      double[] collected = new double[2 * 4 * 3];
      for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 4; j++) {
          System.arraycopy(REMEMBERED, 3 * which[i][j], collected, 3 * (4 * i + j), 3);
        }
      }
      Tensor memory = Tensor.create(collected, 2, 4, 3);
      Candidates candidates = new Candidates(memory, Tensor.create(0L, 0L), null, 3);
      assertThatLossIsThatOf(candidates, which, new int[] {0, 0}, counts);
    }
  }

  private static void assertThatLossIsThatOf(
      Candidates candidates, int[][] which, int[] own, double[][] counts) {
    for (Backend backend : new Backend[] {Backend.CPU, Backend.REFERENCE}) {
      assertThatLossIsThatOf(new CrdLoss(0.5, backend), candidates, which, own, counts);
    }
  }

  private static void assertThatLossIsThatOf(
      CrdLoss loss, Candidates candidates, int[][] which, int[] own, double[][] counts) {
    Tensor rows = Tensor.create(ROWS, 2, 3).requires_grad_(true);
    Tensor value = loss.apply(rows, candidates, 3, 10);
    value.backward();
    assertThat(value.item_double()).isCloseTo(contrast(ROWS, which, own, counts), within(1e-12));
    double step = 1e-6;
    for (int k = 0; k < ROWS.length; k++) {
      double[] moved = ROWS.clone();
      moved[k] = ROWS[k] + step;
      double above = contrast(moved, which, own, counts);
      moved[k] = ROWS[k] - step;
      double below = contrast(moved, which, own, counts);
      double gradient = rows.grad().reshape(-1).select(0, k).item_double();
      assertThat(gradient).isCloseTo((above - below) / (2 * step), within(1e-8));
    }
  }

  /** A batch of emoji against all of them. */
  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void f32IsAsPreciseAsF64(Backend backend) {
    try (PointerScope scope = new PointerScope()) {
      SplittableRandom random = new SplittableRandom(4);
      Tensor rows = Init.unitRows(random, 64, 128);
      Tensor memory = Init.unitRows(random, 1047, 128);
      Tensor own = Tensor.create(random.longs(64, 0, 1047).toArray());
      Tensor counts = Tensor.create(new float[64 * 1047]).fill_(new Scalar(2)).reshape(64, 1047);
      CrdLoss.Result found =
          new CrdLoss(0.07, backend)
              .forward(rows, new Candidates(memory, own, counts, 2093), 900, 1047);
      CrdLoss.Result exact =
          new CrdLoss(0.07, Backend.REFERENCE)
              .forward(
                  wide(rows), new Candidates(wide(memory), own, wide(counts), 2093), 900, 1047);
      assertThat(error(found.loss(), exact.loss())).isLessThan(2e-6);
      assertThat(error(found.gradRows(), exact.gradRows())).isLessThan(2e-6);
    }
  }

  private static Tensor wide(Tensor tensor) {
    return tensor.to(torch.ScalarType.Double);
  }

  private static double error(Tensor found, Tensor exact) {
    return wide(found).sub(exact).norm().item_double() / exact.norm().item_double();
  }

  @Test
  void anOwnCandidateThatIsNoneIsNamed() {
    try (PointerScope scope = new PointerScope()) {
      Candidates candidates =
          new Candidates(Tensor.create(REMEMBERED, 4, 3), Tensor.create(0L, 4L), null, 5);
      assertThatThrownBy(
              () -> new CrdLoss(0.5).forward(Tensor.create(ROWS, 2, 3), candidates, 1, 6))
          .isInstanceOf(TensorException.class)
          .hasMessage("own: expected a candidate from 0 to 3, found 4 in row 1");
    }
  }

  /** Embeddings and counts of half precision are as good as the numbers that they hold. */
  @Test
  void halfPrecisionIsWidened() {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Tensor.create(ROWS, 2, 3).to(torch.ScalarType.Half);
      Tensor memory = Tensor.create(REMEMBERED, 4, 3).to(torch.ScalarType.Half);
      Tensor counts =
          Tensor.create(new double[] {3, 0, 1, 2, 1, 1, 4, 0}, 2, 4).to(torch.ScalarType.Half);
      Tensor own = Tensor.create(2L, 0L);
      CrdLoss loss = new CrdLoss(0.5, Backend.CPU);
      CrdLoss.Result half = loss.forward(rows, new Candidates(memory, own, counts, 5), 3, 10);
      CrdLoss.Result exact =
          loss.forward(wide(rows), new Candidates(wide(memory), own, wide(counts), 5), 3, 10);
      assertThat(error(half.loss(), exact.loss())).isLessThan(1e-6);
      assertThat(error(half.gradRows(), exact.gradRows())).isLessThan(1e-3);
    }
  }

  @Test
  void thereIsNoKernelForAGpu() {
    assertThatThrownBy(() -> new CrdLoss(0.5, Backend.CUDA))
        .isInstanceOf(TensorException.class)
        .hasMessage("backend: expected cpu or reference for crd, found cuda");
  }

  /** Similarities whose exponentials f32 cannot hold. */
  @Test
  void similaritiesOfAnySizeGiveAFiniteLoss() {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Tensor.create(new float[] {1}, 1, 1).requires_grad_(true);
      Tensor memory = Tensor.create(new float[] {-8, 70}, 2, 1);
      Candidates candidates = new Candidates(memory, Tensor.create(0L), null, 1);
      Tensor value = new CrdLoss(0.07).apply(rows, candidates, 2, 2);
      value.backward();
      double offset = Math.log(2) + Math.log(0.5 + 1e-7);
      double own = 8 / 0.07 + offset;
      double other = 70 / 0.07 - offset;
      assertThat(value.item_double()).isCloseTo(own + other, within(1e-3));
      assertThat(rows.grad().item_double()).isCloseTo(78 / 0.07, within(1e-3));
    }
  }

  @Test
  void aMatrixOfAnotherSizeIsNamed() {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = Tensor.create(ROWS, 2, 3);
      Tensor own = Tensor.create(0L, 1L);
      Tensor narrow = Tensor.create(REMEMBERED, 6, 2);
      CrdLoss loss = new CrdLoss(0.5);
      assertThatThrownBy(() -> loss.apply(rows, new Candidates(narrow, own, null, 5), 1, 6))
          .isInstanceOf(TensorException.class)
          .hasMessage("candidates: expected [K, 3] or [2, K, 3] of f64, found f64 [6, 2] on cpu");
      Tensor memory = Tensor.create(REMEMBERED, 4, 3);
      assertThatThrownBy(() -> loss.apply(rows, new Candidates(memory, own, rows, 5), 1, 6))
          .isInstanceOf(TensorException.class)
          .hasMessageContaining("counts");
    }
  }

  @Test
  void normalisersBeyondF32AreKept() {
    try (PointerScope scope = new PointerScope()) {
      CrdMemory memory = memory(10, 9);
      assertThat(memory.normaliser(CrdMemory.TEACHERS, () -> 1e217)).isEqualTo(1e217);
      assertThat(memory.normaliser(CrdMemory.TEACHERS, () -> 1)).isEqualTo(1e217);
    }
  }

  /** τ = 0.5, Z = 3, N = 10; products with REMEMBERED. */
  private static double contrast(double[] rows, int[][] which, int[] own, double[][] counts) {
    double sum = 0;
    for (int i = 0; i < own.length; i++) {
      double negatives = -1;
      for (double count : counts[i]) {
        negatives += count;
      }
      double noise = negatives / 10;
      for (int j = 0; j < which[i].length; j++) {
        double product = 0;
        for (int d = 0; d < 3; d++) {
          product += rows[3 * i + d] * REMEMBERED[3 * which[i][j] + d];
        }
        double x = Math.exp(product / 0.5) / 3;
        sum += counts[i][j] * Math.log((j == own[i] ? x : noise) / (x + noise + 1e-7));
      }
    }
    return -sum / own.length;
  }
}
