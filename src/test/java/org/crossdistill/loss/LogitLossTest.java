package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses on logits against numbers that were computed by other programs. */
final class LogitLossTest {

  private static final double NEAR = 2e-8;

  private final PointerScope scope = new PointerScope();
  private final Tensor teacher = rows(new double[][] {{2, 0.5, -1, 0}, {0.1, 1.2, 0.3, -0.7}});
  private final Tensor student = rows(new double[][] {{1, -0.2, 0.3, 0.4}, {0.5, 0.4, -0.1, 0.2}});
  private final Tensor labels = Tensor.create(0L, 1L);

  @AfterEach
  void free() {
    scope.close();
  }

  private void check(LogitLoss loss, double expected, double... gradient) {
    LogitLoss.Result result = loss.forward(student, teacher, labels, null);
    assertThat(value(result.loss())).isCloseTo(expected, within(NEAR));
    assertThat(values(result.gradStudent())).containsExactly(gradient, within(NEAR));
  }

  private static DkdLoss dkd(Backend backend) {
    return new DkdLoss(DkdLoss.Options.defaults(), backend);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void decoupled(Backend backend) {
    check(
        dkd(backend),
        2.02274924,
        new double[] {
          -0.14178783,
          -1.32729981,
          1.27198018,
          0.19710747,
          0.20273211,
          -0.11067266,
          -0.88787895,
          0.79581951
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void nkd(Backend backend) {
    check(
        new NkdLoss(NkdLoss.Options.defaults(), backend),
        2.42994971,
        new double[] {
          -0.20374539,
          -0.19658627,
          0.26025099,
          0.14008067,
          0.12960052,
          -0.18971546,
          -0.11775205,
          0.17786700
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void standardisedLogits(Backend backend) {
    check(
        new LskdLoss(LskdLoss.Options.defaults(), backend),
        0.37497383,
        new double[] {
          -0.10889179,
          -0.13783598,
          0.17366490,
          0.07306287,
          0.32960964,
          -0.61566750,
          -0.08083564,
          0.36689350
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void ignoredRowsCountForNothing(Backend backend) {
    DkdLoss loss = dkd(backend);
    LogitLoss.Result both = loss.forward(student, teacher, Tensor.create(-100L, 1L), null);
    LogitLoss.Result second =
        loss.forward(
            student.narrow(0, 1, 1), teacher.narrow(0, 1, 1), Tensor.create(1L).reshape(1), null);

    assertThat(value(both.loss())).isEqualTo(value(second.loss()));
    assertThat(values(both.rows())[0]).isZero();
    assertThat(values(both.gradStudent()))
        .startsWith(0, 0, 0, 0)
        .endsWith(values(second.gradStudent()));
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void certainStudentStaysFinite(Backend backend) {
    Tensor certain = rows(new double[][] {{1000, 0, 0, 0}, {0, 1000, 0, 0}});
    LogitLoss.Result result = dkd(backend).forward(certain, teacher, labels, null);

    assertThat(value(result.loss())).isFinite().isPositive();
    for (double gradient : values(result.gradStudent())) {
      assertThat(gradient).isFinite();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void constantLogitsCanBeStandardised(Backend backend) {
    Tensor constant = rows(new double[][] {{3, 3, 3, 3}, {0, 0, 0, 0}});
    LogitLoss.Result result =
        new LskdLoss(LskdLoss.Options.defaults(), backend).forward(constant, constant, null, null);

    assertThat(value(result.loss())).isZero();
    assertThat(values(result.gradStudent())).containsOnly(0);
  }

  /** Teacher and weights as constants, as the methods that train have them. */
  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void theGraphNodePassesTheGradientsOnThatAreWanted(Backend backend) {
    DkdLoss loss = dkd(backend);
    LogitLoss.Result expected = loss.forward(student, teacher, labels, null);
    student.requires_grad_(true);
    loss.apply(student, teacher, labels, null).mul(new Scalar(3.0)).backward();
    assertThat(error(student.grad(), expected.gradStudent().mul(new Scalar(3.0))))
        .isLessThan(1e-14);
    assertThat(teacher.grad().defined()).isFalse();

    teacher.requires_grad_(true);
    Tensor node = loss.apply(student.detach(), teacher, labels, null);
    assertThat(value(node)).isCloseTo(value(expected.loss()), within(1e-14));
    node.backward();
    assertThat(error(teacher.grad(), expected.gradTeacher())).isLessThan(1e-14);
  }

  @Test
  void onlyWhatIsAskedForIsComputed() {
    LogitLoss.Result result =
        dkd(Backend.CPU)
            .forward(student, teacher, labels, null, -2, EnumSet.of(LogitLoss.Output.GRAD_TEACHER));

    LogitLoss.Result all = dkd(Backend.CPU).forward(student, teacher, labels, null);
    assertThat(result.rows()).isNull();
    assertThat(result.gradStudent()).isNull();
    assertThat(result.gradWeights()).isNull();
    assertThat(value(result.loss())).isEqualTo(value(all.loss()));
    assertThat(error(result.gradTeacher(), all.gradTeacher().mul(new Scalar(-2.0))))
        .isLessThan(1e-14);
  }

  @Test
  void labelOutsideTheClassesIsNamedWithItsRow() {
    assertThatThrownBy(
            () -> dkd(Backend.REFERENCE).forward(student, teacher, Tensor.create(0L, 4L), null))
        .isInstanceOf(TensorException.class)
        .hasMessage("labels: expected 0 to 3 or -100, found 4 in row 1");
    assertThatThrownBy(
            () -> dkd(Backend.CPU).forward(student, teacher, Tensor.create(0L, 4L), null))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("labels: row 1: expected a label from 0 to 3");
  }

  private static Stream<org.junit.jupiter.params.provider.Arguments> kernelsBesideReferences() {
    NkdLoss.Options nkd = new NkdLoss.Options(2.5, 3, Reduction.WEIGHTED_MEAN);
    LskdLoss.Options lskd = new LskdLoss.Options(2, Reduction.WEIGHTED_MEAN);
    return Stream.of(
        arguments(new NkdLoss(nkd, Backend.CPU), new NkdLoss(nkd, Backend.REFERENCE)),
        arguments(new LskdLoss(lskd, Backend.CPU), new LskdLoss(lskd, Backend.REFERENCE)));
  }

  @ParameterizedTest
  @MethodSource("kernelsBesideReferences")
  void kernelsComputeWhatTheReferencesDo(LogitLoss kernel, LogitLoss reference) {
    Tensor someLabels = Tensor.create(-100L, 3L);
    Tensor weights = Tensor.create(1.0, 0.5);
    for (Tensor y : List.of(labels, someLabels)) {
      LogitLoss.Result found = kernel.forward(student, teacher, y, weights);
      LogitLoss.Result expected = reference.forward(student, teacher, y, weights);
      assertThat(value(found.loss())).isCloseTo(value(expected.loss()), within(1e-13));
      assertThat(error(found.rows(), expected.rows())).isLessThan(1e-13);
      assertThat(error(found.gradStudent(), expected.gradStudent())).isLessThan(1e-13);
      assertThat(error(found.gradTeacher(), expected.gradTeacher())).isLessThan(1e-13);
      assertThat(values(found.gradWeights()))
          .containsExactly(values(expected.gradWeights()), within(1e-13));
    }
  }

  @Test
  void lossesWithoutCudaKernelsRefuseThatBackend() {
    assertThatThrownBy(() -> new NkdLoss(NkdLoss.Options.defaults(), Backend.CUDA))
        .isInstanceOf(TensorException.class)
        .hasMessage("backend: expected cpu or reference for nkd, found cuda");
    assertThatThrownBy(() -> new LskdLoss(LskdLoss.Options.defaults(), Backend.CUDA))
        .isInstanceOf(TensorException.class)
        .hasMessage("backend: expected cpu or reference for lskd, found cuda");
  }

  @Test
  void oneClassIsRefused() {
    assertThatThrownBy(
            () ->
                new LskdLoss(LskdLoss.Options.defaults())
                    .forward(student.narrow(1, 0, 1), teacher.narrow(1, 0, 1), null, null))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("at least 2 classes");
  }
}
