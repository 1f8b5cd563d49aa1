package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.positive;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.sameBits;
import static org.crossdistill.loss.TestTensors.values;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.QualityWeights.Options;
import org.crossdistill.loss.QualityWeights.Quality;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class QualityWeightsTest {

  private static final double PRECISE = 1e-12;

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  /** Student's qualities 1, 2, 3 (μ 2, σ 1), teacher's 6, 4, 2 (μ 4, σ 2), k 1, h 0.5. */
  @ParameterizedTest
  @CsvSource({
    "DIFFERENCE, 1.99925062, 1, 0.00074938",
    "TEACHER,    1.49975012, 1, 0.50024988",
    "STUDENT,    0.50049950, 1, 1.49950050",
    "PRODUCT,    0.75062419, 1, 0.75012494",
    "NONE,       1,          1, 1",
  })
  void weightsOfTheFirstBatch(Quality quality, double first, double second, double third) {
    for (Backend backend : new Backend[] {Backend.CPU, Backend.REFERENCE}) {
      QualityWeights weights = new QualityWeights(new Options(quality, 1, 0.5, 0.01), backend);
      Tensor w = weights.forward(Tensor.create(1.0, 2.0, 3.0), Tensor.create(6.0, 4.0, 2.0), true);
      assertThat(values(w)).containsExactly(new double[] {first, second, third}, within(1e-8));
      assertThat(values(weights.statistics()))
          .containsExactly(new double[] {2, 1, 4, 2, 1}, within(PRECISE));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void statisticsMoveInTrainingOnly(Backend backend) {
    QualityWeights weights = new QualityWeights(Options.defaults(), backend);
    Tensor ones = Tensor.create(1.0, 3.0);
    weights.forward(ones, ones, true);
    Tensor other = Tensor.create(12.0, 12.0);
    double[] before = values(weights.statistics());
    Tensor evaluated = weights.forward(other, ones, false);
    assertThat(values(weights.statistics())).isEqualTo(before);
    assertThat(values(evaluated)[0]).isZero();
    weights.forward(other, ones, true);
    double sigma = Math.sqrt(2);
    assertThat(values(weights.statistics()))
        .containsExactly(
            new double[] {2 + 0.01 * 10, sigma - 0.01 * sigma, 2, sigma, 1}, within(PRECISE));
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void oneSampleHasNoDeviationAndNoSampleChangesNothing(Backend backend) {
    QualityWeights weights = new QualityWeights(Options.defaults(), backend);
    assertThat(weights.forward(gaussian(1, 0), gaussian(2, 0), true).shape()).containsExactly(0);
    assertThat(values(weights.statistics())).containsOnly(0);
    weights.forward(Tensor.create(5.0), Tensor.create(7.0), true);
    assertThat(values(weights.statistics())).containsExactly(5, 0, 7, 0, 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void savedStatisticsGoOnWithTheSameBits(Backend backend) {
    QualityWeights weights = new QualityWeights(Options.defaults(), backend);
    for (int i = 0; i < 5; i++) {
      weights.forward(f32(i), f32(i + 100), true);
    }
    QualityWeights restored = new QualityWeights(Options.defaults(), backend);
    restored.statistics().copy_(weights.statistics());
    for (int i = 5; i < 10; i++) {
      assertThat(
              sameBits(
                  restored.forward(f32(i), f32(i + 100), true),
                  weights.forward(f32(i), f32(i + 100), true)))
          .isTrue();
    }
    assertThat(sameBits(restored.statistics(), weights.statistics())).isTrue();
  }

  private static Tensor f32(long seed) {
    return positive(seed, 9).to(ScalarType.Float);
  }

  @Test
  void statisticsOutliveTheScopeOfTheirMaking() {
    QualityWeights weights;
    try (PointerScope inner = new PointerScope()) {
      weights = new QualityWeights(Options.defaults());
    }
    weights.forward(f32(1), f32(2), true);
    assertThat(values(weights.statistics())[4]).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void normsAreLengthsOfRows(Backend backend) {
    QualityWeights weights = new QualityWeights(Options.defaults(), backend);
    Tensor x = rows(new double[][] {{3, 4}, {0, 0}, {1e-3, 0}});
    assertThat(values(weights.norms(x))).containsExactly(5, 0, 1e-3);
    Tensor half = gaussian(1, 4, 6).to(ScalarType.Half).t();
    Tensor norms = weights.norms(half);
    assertThat(norms.scalar_type().value).isEqualTo(ScalarType.Float.value);
    assertThat(error(norms, weights.norms(half.to(ScalarType.Double)))).isLessThan(1e-6);
  }

  @ParameterizedTest
  @CsvSource({"CPU, Double", "CPU, Float", "CPU, BFloat16", "CPU, Half", "REFERENCE, Float"})
  void embeddingsGiveTheBitsOfTheirNorms(Backend backend, ScalarType type) {
    QualityWeights inOne = new QualityWeights(Options.defaults(), backend);
    QualityWeights apart = new QualityWeights(Options.defaults(), backend);
    for (int batch = 0; batch < 4; batch++) {
      Tensor student = gaussian(batch, 9, 40).to(type).t();
      Tensor teacher = gaussian(batch + 100, 40, 7).to(type);
      boolean training = batch != 2;
      Tensor expected = apart.forward(apart.norms(student), apart.norms(teacher), training);
      assertThat(sameBits(inOne.ofEmbeddings(student, teacher, training), expected)).isTrue();
      assertThat(sameBits(inOne.statistics(), apart.statistics())).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void wrongEmbeddingsAreNamedAndChangeNothing(Backend backend) {
    QualityWeights weights = new QualityWeights(Options.defaults(), backend);
    Tensor x = gaussian(1, 3, 4);
    assertRefused(() -> weights.ofEmbeddings(x, x, false), "statistics: ", "a training batch");
    assertRefused(
        () -> weights.ofEmbeddings(Tensor.create(1.0), x, true), "student: ", "[rows, columns]");
    assertRefused(() -> weights.ofEmbeddings(x, Tensor.create(1.0), true), "teacher: ", "expected");
    assertRefused(() -> weights.ofEmbeddings(x, gaussian(2, 2, 4), true), "teacher: ", "expected");
    Tensor other = x.to(ScalarType.Float);
    assertRefused(() -> weights.ofEmbeddings(x, other, true), "teacher: ", "expected");
    Tensor bad = rows(new double[][] {{1}, {Double.NaN}, {1}});
    assertRefused(() -> weights.ofEmbeddings(bad, x, true), "student: ", "row 1");
    assertRefused(() -> weights.ofEmbeddings(x, bad, true), "teacher: ", "row 1");
    assertThat(values(weights.statistics())).containsOnly(0);
    assertThat(weights.ofEmbeddings(gaussian(1, 0, 4), gaussian(1, 0, 2), true).shape())
        .containsExactly(0);
    assertThat(values(weights.statistics())).containsOnly(0);
  }

  private static void assertRefused(ThrowingCallable call, String start, String part) {
    assertThatThrownBy(call)
        .isInstanceOf(TensorException.class)
        .hasMessageStartingWith(start)
        .hasMessageContaining(part);
  }

  @Test
  void aTicketIsMadeOnceAndHoldsZero() {
    EmbeddingWeights weights = new EmbeddingWeights();
    try (PointerScope inner = new PointerScope()) {
      weights.ticket(f32(1));
    }
    Pointer first = weights.ticket(f32(1)).data();
    assertThat(new LongPointer(first).get()).isZero();
    assertThat(weights.ticket(f32(2)).data().address()).isEqualTo(first.address());
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void wrongArgumentsAreNamedAndChangeNothing(Backend backend) {
    QualityWeights weights = new QualityWeights(Options.defaults(), backend);
    Tensor ones = Tensor.create(1.0, 3.0);
    assertThatThrownBy(() -> weights.forward(ones, ones, false))
        .isInstanceOf(TensorException.class)
        .hasMessage("statistics: expected a training batch before, found none");
    assertThatThrownBy(() -> weights.forward(ones, Tensor.create(1.0), true))
        .isInstanceOf(TensorException.class)
        .hasMessage(
            "qualityTeacher: expected f64 [2] on cpu like qualityStudent, found f64 [1] on cpu");
    assertThatThrownBy(() -> weights.forward(Tensor.create(1.0, Double.NaN), ones, true))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("row 1");
    assertThat(values(weights.statistics())).containsOnly(0);
    assertThatThrownBy(() -> new Options(Quality.NONE, 1, 1, 1.5))
        .isInstanceOf(TensorException.class)
        .hasMessageStartingWith("alpha: expected");
  }
}
