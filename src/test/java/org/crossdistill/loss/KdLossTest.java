package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.KdLoss.Options;
import org.crossdistill.loss.KdLoss.Output;
import org.crossdistill.loss.KdLoss.Target;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Known values of the distillation losses on logits, on the kernel and the composition. */
final class KdLossTest {

  private final PointerScope scope = new PointerScope();
  private Tensor teacher;
  private Tensor student;
  private Tensor labels;

  @BeforeEach
  void logits() {
    teacher = rows(new double[] {2, 0.5, -1, 0}, new double[] {0.1, 1.2, 0.3, -0.7});
    student = rows(new double[] {1, -0.2, 0.3, 0.4}, new double[] {0.5, 0.4, -0.1, 0.2});
    labels = Tensor.create(new long[] {0, 1}, 2);
  }

  @AfterEach
  void free() {
    scope.close();
  }

  private static void assertValues(Tensor tensor, double... expected) {
    assertThat(values(tensor)).containsExactly(expected, within(1e-8));
  }

  private KdLoss.Result result(Target target, double temperature, Backend backend) {
    return new KdLoss(new Options(target, temperature, Reduction.MEAN), backend)
        .forward(student, teacher, labels, null);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void allClassesAtTemperatureFour(Backend backend) {
    KdLoss.Result result = result(Target.KEPT, 4, backend);
    assertThat(value(result.loss())).isCloseTo(0.30706331, within(1e-8));
    assertValues(
        result.gradStudent(),
        -0.14178783,
        -0.06633667,
        0.14638788,
        0.06173662,
        0.05366100,
        -0.11067266,
        -0.04484980,
        0.10186146);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void targetsLogitReplacedByZero(Backend backend) {
    KdLoss.Result result = result(Target.ZERO_LOGIT, 1, backend);
    assertThat(value(result.loss())).isCloseTo(0.15913946, within(1e-8));
    assertValues(
        result.gradStudent(),
        0,
        -0.11739954,
        0.09902689,
        0.03556943,
        0.03280449,
        0,
        -0.07605023,
        0.06506340);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void targetExcluded(Backend backend) {
    KdLoss.Result result = result(Target.EXCLUDE, 1, backend);
    assertThat(value(result.loss())).isCloseTo(0.20633670, within(1e-8));
    assertValues(
        result.gradStudent(),
        0,
        -0.16143889,
        0.12341024,
        0.03802864,
        0.03116130,
        0,
        -0.10881720,
        0.07765590);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void ignoredRowsCountForNothing(Backend backend) {
    labels = Tensor.create(new long[] {0, -100}, 2);
    KdLoss.Result result = result(Target.KEPT, 4, backend);
    Tensor first = teacher.narrow(0, 0, 1);
    KdLoss.Result alone =
        new KdLoss(new Options(Target.KEPT, 4, Reduction.MEAN), backend)
            .forward(student.narrow(0, 0, 1), first, null, null);
    assertThat(value(result.loss())).isCloseTo(value(alone.loss()), within(1e-15));
    assertThat(values(result.rows())[1]).isZero();
    assertThat(values(result.gradTeacher())).endsWith(0, 0, 0, 0);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void gradScaleChangesTheGradientsAlone(Backend backend) {
    KdLoss loss = new KdLoss(Options.defaults(), backend);
    KdLoss.Result plain = loss.forward(student, teacher, null, null);
    KdLoss.Result scaled =
        loss.forward(student, teacher, null, null, -2, Set.of(Output.GRAD_STUDENT));
    assertThat(value(scaled.loss())).isEqualTo(value(plain.loss()));
    assertThat(scaled.gradTeacher()).isNull();
    double[] expected = values(plain.gradStudent());
    for (int i = 0; i < expected.length; i++) {
      expected[i] *= -2;
    }
    assertThat(values(scaled.gradStudent())).containsExactly(expected, within(1e-15));
  }

  @Test
  void theGraphNodePassesBothGradientsOn() {
    student.requires_grad_(true);
    teacher.requires_grad_(true);
    KdLoss loss = new KdLoss(Options.defaults());
    loss.apply(student, teacher, null, null).backward();
    KdLoss.Result expected = loss.forward(student, teacher, null, null);
    assertThat(values(student.grad())).isEqualTo(values(expected.gradStudent()));
    assertThat(values(teacher.grad())).isEqualTo(values(expected.gradTeacher()));
  }

  @Test
  void wrongArgumentsAreNamed() {
    KdLoss loss = new KdLoss(new Options(Target.EXCLUDE, 1, Reduction.MEAN));
    assertThatThrownBy(() -> loss.forward(student, teacher, null, null))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("labels: expected");
    Tensor wrong = Tensor.create(new long[] {0, 4}, 2);
    assertThatThrownBy(() -> loss.forward(student, teacher, wrong, null))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("labels: row 1: expected a label from 0 to 3");
    for (double temperature : new double[] {0, 1e-10, 1e10, Double.NaN}) {
      assertThatThrownBy(() -> new Options(Target.KEPT, temperature, Reduction.MEAN))
          .isInstanceOf(TensorException.class)
          .hasMessage("temperature: expected a number from 1e-9 to 1e9, found " + temperature);
    }
  }
}
