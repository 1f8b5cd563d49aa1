package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.DoublePointer;
import org.crossdistill.kernel.binding.Crossdistill;
import org.junit.jupiter.api.Test;

class QualityKernelsTest {

  private static final double PRECISE = 1e-15;

  @Test
  void rowNormsAreLengths() {
    DoublePointer norms = new DoublePointer(2);
    QualityKernels.rowNorms(
        DType.F64, 2, 2, new Matrix(new DoublePointer(3.0, 4.0, 0.0, 0.0), 2), norms, 1);
    assertThat(values(norms, 2)).containsExactly(5, 0);
  }

  @Test
  void qualityWeightsUpdateTheStatistics() {
    DoublePointer statistics = new DoublePointer(0.0, 0.0, 0.0, 0.0, 0.0);
    DoublePointer weights = new DoublePointer(2);
    QualityKernels.qualityWeights(
        DType.F64,
        2,
        new DoublePointer(1.0, 3.0),
        new DoublePointer(5.0, 5.0),
        new QualityKernels.QualityRule(Crossdistill.CD_QUALITY_STUDENT, 1, 0.5, 0.01),
        true,
        statistics,
        weights);
    double sigma = Math.sqrt(2);
    assertThat(values(statistics, QualityKernels.QUALITY_STATISTICS))
        .containsExactly(new double[] {2, sigma, 5, 0, 1}, within(PRECISE));
    double q = 0.5 / (sigma + 1e-3);
    assertThat(values(weights, 2)).containsExactly(new double[] {1 - q, 1 + q}, within(PRECISE));
  }

  @Test
  void embeddingWeightsAreThoseOfTheNorms() {
    DoublePointer statistics = new DoublePointer(0.0, 0.0, 0.0, 0.0, 0.0);
    DoublePointer written = new DoublePointer(6);
    QualityKernels.embeddingWeights(call(4, statistics, written), 1);
    double sigma = Math.sqrt(32);
    assertThat(values(statistics, QualityKernels.QUALITY_STATISTICS))
        .containsExactly(new double[] {9, sigma, 2, 0, 1}, within(PRECISE));
    double q = 0.5 * 4 / (sigma + 1e-3);
    assertThat(values(written, 6))
        .containsExactly(new double[] {5, 13, 2, 2, 1 - q, 1 + q}, within(PRECISE));
  }

  @Test
  void aNormThatIsNotFiniteIsNamed() {
    DoublePointer statistics = new DoublePointer(0.0, 0.0, 0.0, 0.0, 0.0);
    DoublePointer written = new DoublePointer(0, 0, 0, 0, -7, -7);
    assertThatThrownBy(
            () -> QualityKernels.embeddingWeights(call(Double.NaN, statistics, written), 1))
        .isInstanceOf(KernelException.class)
        .hasMessage("student: row 0: expected a finite quality, got nan");
    assertThat(values(statistics, QualityKernels.QUALITY_STATISTICS)).containsOnly(0);
    assertThat(values(written, 6)).endsWith(-7, -7);
  }

  /** Students (3, {@code second}) and (5, 12), teachers (2) and (2); norms and weights as one. */
  private static QualityKernels.EmbeddingWeights call(
      double second, DoublePointer statistics, DoublePointer written) {
    return new QualityKernels.EmbeddingWeights(
        DType.F64,
        2,
        new QualityKernels.Embeddings(
            new Matrix(new DoublePointer(3.0, second, 5.0, 12.0), 2), 2, written),
        new QualityKernels.Embeddings(
            new Matrix(new DoublePointer(2.0, -2.0), 1), 1, written.getPointer(2)),
        new QualityKernels.QualityRule(Crossdistill.CD_QUALITY_STUDENT, 1, 0.5, 0.01),
        true,
        statistics,
        written.getPointer(4));
  }

  private static double[] values(DoublePointer pointer, int count) {
    double[] values = new double[count];
    pointer.get(values);
    return values;
  }
}
