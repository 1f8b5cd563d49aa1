package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.positive;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.sameBits;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import java.util.EnumSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.SoftMarginFeatureLoss.Distance;
import org.crossdistill.loss.SoftMarginFeatureLoss.Options;
import org.crossdistill.loss.SoftMarginFeatureLoss.Output;
import org.crossdistill.loss.SoftMarginFeatureLoss.Result;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class SoftMarginFeatureLossTest {

  private static final double PRECISE = 1e-14;

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void euclideanDistanceBeyondTheMarginCosts(Backend backend) {
    Result result =
        loss(Distance.EUCLIDEAN, 2, Reduction.WEIGHTED_MEAN, backend)
            .forward(
                rows(new double[][] {{3, 4}, {0, 0}, {1, 1}}),
                rows(new double[][] {{0, 0}, {0, 1}, {1, 1}}),
                Tensor.create(2.0, 1.0, 1.0));
    // Distances 5, 1, 0: only the first exceeds 2, by 3, with weight 2 of 4.
    assertThat(value(result.loss())).isEqualTo(1.5, within(PRECISE));
    assertThat(values(result.rows())).containsExactly(3, 0, 0);
    assertThat(values(result.distances())).containsExactly(5, 1, 0);
    assertThat(values(result.gradStudent()))
        .containsExactly(new double[] {0.3, 0.4, 0, 0, 0, 0}, within(PRECISE));
    assertThat(values(result.gradTeacher()))
        .containsExactly(new double[] {-0.3, -0.4, 0, 0, 0, 0}, within(PRECISE));
    // (l - loss) / sum of w
    assertThat(values(result.gradWeights()))
        .containsExactly(new double[] {0.375, -0.375, -0.375}, within(PRECISE));
  }

  @ParameterizedTest
  @CsvSource({
    "NORMALIZED,         1.4142135623730951",
    "SQUARED_NORMALIZED, 2",
    "COSINE,             1",
    "EUCLIDEAN,          5",
    "SQUARED,            25",
  })
  void distancesOfPerpendicularRows(Distance distance, double expected) {
    for (Backend backend : EnumSet.of(Backend.CPU, Backend.REFERENCE)) {
      Result result =
          loss(distance, 0, Reduction.SUM, backend)
              .forward(rows(new double[] {3, 0}), rows(new double[] {0, 4}), null);
      assertThat(value(result.distances())).isEqualTo(expected, within(PRECISE));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void zeroRowsAndEqualRowsHaveNoGradient(Backend backend) {
    Result result =
        loss(Distance.NORMALIZED, 0, Reduction.SUM, backend)
            .forward(
                rows(new double[][] {{0, 0}, {1, 2}}), rows(new double[][] {{1, 0}, {2, 4}}), null);
    assertThat(values(result.distances())).containsExactly(1, 0);
    assertThat(values(result.gradStudent())).containsOnly(0);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void noRowsCostNothing(Backend backend) {
    for (Reduction reduction : Reduction.values()) {
      Result result =
          loss(Distance.NORMALIZED, 0.5, reduction, backend)
              .forward(gaussian(1, 0, 5), gaussian(2, 0, 5), null);
      assertThat(value(result.loss())).isZero();
      assertThat(result.gradStudent().shape()).containsExactly(0, 5);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void nonFiniteInputGivesANonFiniteLoss(Backend backend) {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      for (Distance distance : Distance.values()) {
        Result result =
            loss(distance, 0.5, Reduction.MEAN, backend)
                .forward(
                    rows(new double[][] {{1, 2}, {bad, 0}}),
                    rows(new double[][] {{1, 2}, {1, 1}}),
                    null);
        assertThat(value(result.loss())).matches(loss -> !Double.isFinite(loss));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void anyStridesGiveTheSame(Backend backend) {
    SoftMarginFeatureLoss loss = loss(Distance.NORMALIZED, 0.5, Reduction.MEAN, backend);
    Tensor wide = gaussian(1, 6, 20);
    Tensor student = wide.narrow(1, 3, 8); // rows 20 apart
    Tensor teacher = gaussian(2, 8, 6).t(); // columns apart
    Tensor weights = positive(3, 6, 2).select(1, 0);
    Result result = loss.forward(student, teacher, weights);
    Result plain = loss.forward(student.contiguous(), teacher.contiguous(), weights.contiguous());
    assertSame(result, plain);
    Tensor repeated = gaussian(4, 1, 8).expand(6, 8); // all rows in one place
    assertSame(
        loss.forward(repeated, teacher, null), loss.forward(repeated.contiguous(), teacher, null));
  }

  /** LibTorch's own sums depend on strides in the last bits. */
  private static void assertSame(Result result, Result plain) {
    assertThat(error(result.loss(), plain.loss())).isLessThan(PRECISE);
    assertThat(error(result.gradStudent(), plain.gradStudent())).isLessThan(PRECISE);
    assertThat(error(result.gradTeacher(), plain.gradTeacher())).isLessThan(PRECISE);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void onlyWhatIsAskedForIsComputed(Backend backend) {
    SoftMarginFeatureLoss loss = loss(Distance.COSINE, 0.1, Reduction.SUM, backend);
    Tensor student = gaussian(1, 4, 3);
    Tensor teacher = gaussian(2, 4, 3);
    Result all = loss.forward(student, teacher, null);
    Result none = loss.forward(student, teacher, null, 1, EnumSet.noneOf(Output.class));
    assertThat(sameBits(none.loss(), all.loss())).isTrue();
    assertThat(none.rows()).isNull();
    assertThat(none.distances()).isNull();
    assertThat(none.gradStudent()).isNull();
    assertThat(none.gradTeacher()).isNull();
    assertThat(none.gradWeights()).isNull();
    Result one = loss.forward(student, teacher, null, 1, EnumSet.of(Output.GRAD_TEACHER));
    assertThat(one.gradStudent()).isNull();
    assertThat(sameBits(one.gradTeacher(), all.gradTeacher())).isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void gradientScaleLeavesTheLossAlone(Backend backend) {
    SoftMarginFeatureLoss loss = loss(Distance.NORMALIZED, 0.5, Reduction.MEAN, backend);
    Tensor student = gaussian(1, 4, 3);
    Tensor teacher = gaussian(2, 4, 3);
    Result once = loss.forward(student, teacher, null);
    Result scaled = loss.forward(student, teacher, null, -3, EnumSet.allOf(Output.class));
    assertThat(sameBits(scaled.loss(), once.loss())).isTrue();
    Tensor expected = once.gradStudent().mul(new Scalar(-3.0));
    assertThat(error(scaled.gradStudent(), expected)).isLessThan(PRECISE);
  }

  @Test
  void resultIsOfTheTypesThatTheContractSays() {
    for (ScalarType type : new ScalarType[] {ScalarType.Half, ScalarType.BFloat16}) {
      Tensor student = gaussian(1, 4, 3).to(type);
      Result result = new SoftMarginFeatureLoss(Options.defaults()).forward(student, student, null);
      assertThat(result.gradStudent().scalar_type().value).isEqualTo(type.value);
      assertThat(result.loss().scalar_type().value).isEqualTo(ScalarType.Float.value);
      assertThat(result.loss().dim()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"-1", "NaN", "Infinity", "2"})
  void marginOutsideTheDistancesRangeIsRefused(double margin) {
    assertThatThrownBy(() -> new Options(Distance.NORMALIZED, margin, Reduction.MEAN))
        .isInstanceOf(TensorException.class)
        .hasMessage(
            "margin: expected a finite number of at least 0.0 and less than 2.0, found " + margin);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void wrongArgumentsAreNamed(Backend backend) {
    SoftMarginFeatureLoss loss = loss(Distance.NORMALIZED, 0.5, Reduction.MEAN, backend);
    Tensor rows = gaussian(1, 4, 3);
    assertRefused(
        () -> loss.forward(gaussian(1, 4), rows, null),
        "student: expected dense f64, f32, bf16 or f16 [rows, columns], found f64 [4] on cpu");
    assertRefused(
        () -> loss.forward(null, rows, null), "student: expected [rows, columns], found no tensor");
    assertRefused(
        () -> loss.forward(rows.to(ScalarType.Long), rows, null),
        "student: expected dense f64, f32, bf16 or f16 [rows, columns], found Long [4, 3] on cpu");
    assertRefused(
        () -> loss.forward(rows, gaussian(2, 4, 2), null),
        "teacher: expected f64 [4, 3] on cpu like student, found f64 [4, 2] on cpu");
    assertRefused(
        () -> loss.forward(rows, rows.to(ScalarType.Float), null),
        "teacher: expected f64 [4, 3] on cpu like student, found f32 [4, 3] on cpu");
    assertRefused(
        () -> loss.forward(rows, rows, positive(1, 3)),
        "weights: expected f64 [4] on cpu, found f64 [3] on cpu");
    assertRefused(
        () -> loss.forward(rows, rows, null, Double.NaN, EnumSet.noneOf(Output.class)),
        "gradScale: expected a finite number, found NaN");
    assertThatThrownBy(() -> loss.forward(rows, rows, Tensor.create(1.0, 1.0, -2.0, 1.0)))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("weights")
        .hasMessageContaining("2");
    Tensor meta = torch.empty(new long[] {4, 3}, metaOptions(), null);
    assertThatThrownBy(() -> loss.forward(meta, meta, null)).isInstanceOf(TensorException.class);
  }

  private static TensorOptions metaOptions() {
    return new TensorOptions(ScalarType.Double).device(new DeviceOptional(new Device("meta")));
  }

  private static void assertRefused(Runnable call, String message) {
    assertThatThrownBy(call::run).isInstanceOf(TensorException.class).hasMessage(message);
  }

  private static SoftMarginFeatureLoss loss(
      Distance distance, double margin, Reduction reduction, Backend backend) {
    return new SoftMarginFeatureLoss(new Options(distance, margin, reduction), backend);
  }
}
