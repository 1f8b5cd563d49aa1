package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Losses on features, and the parts of the larger losses, against numbers of other programs. */
final class PairLossTest {

  private static final double NEAR = 1e-8;

  private static final Map<String, Function<Backend, PairLoss>> KERNELS =
      Map.of(
          "rkd", backend -> new RkdLoss(RkdLoss.Options.defaults(), backend),
          "sp", backend -> new SpLoss(SpLoss.Options.defaults(), backend),
          "pkt", backend -> new PktLoss(PktLoss.Options.defaults(), backend),
          "dist", backend -> new DistLoss(DistLoss.Options.defaults(), backend));

  private final PointerScope scope = new PointerScope();
  private final Tensor student = rows(new double[][] {{1, 2, 0}, {0, 1, 1}, {2, -1, 1}});
  private final Tensor teacher = rows(new double[][] {{.5, 1, .2}, {1, 0, 1}, {1.5, -.5, .3}});

  @AfterEach
  void free() {
    scope.close();
  }

  private double loss(PairLoss loss) {
    return value(loss.forward(student, teacher).loss());
  }

  private double[] gradient(PairLoss loss) {
    return values(loss.forward(student, teacher).gradStudent());
  }

  @Test
  void dist() {
    Tensor zt = rows(new double[][] {{2, 0.5, -1, 0}, {0.1, 1.2, 0.3, -0.7}});
    Tensor zs = rows(new double[][] {{1, -0.2, 0.3, 0.4}, {0.5, 0.4, -0.1, 0.2}});
    PairLoss.Result result = new DistLoss(DistLoss.Options.defaults()).forward(zs, zt);

    assertThat(value(result.loss())).isCloseTo(0.91755305, within(NEAR));
    assertThat(values(result.gradStudent()))
        .containsExactly(
            new double[] {
              -0.14331570,
              -0.09382608,
              0.11860510,
              0.11853668,
              0.56580597,
              -0.97438913,
              -0.08569224,
              0.49427540
            },
            within(NEAR));
  }

  private static void agree(PairLoss.Result kernel, PairLoss.Result reference) {
    assertThat(value(kernel.loss())).isCloseTo(value(reference.loss()), within(1e-12));
    assertThat(values(kernel.gradStudent()))
        .containsExactly(values(reference.gradStudent()), within(1e-12));
    assertThat(values(kernel.gradTeacher()))
        .containsExactly(values(reference.gradTeacher()), within(1e-12));
  }

  /** Autograd keeps no tensor of inference mode for the backward pass. */
  @Test
  void aTeacherOfInferenceModeTeaches() {
    Tensor trained = student.clone().requires_grad_(true);
    Tensor inferred;
    try (InferenceMode on = new InferenceMode(true)) {
      inferred = teacher.clone();
    }
    PairLoss dist = new DistLoss(DistLoss.Options.defaults());
    dist.apply(trained, inferred).backward();
    assertThat(values(trained.grad())).containsExactly(gradient(dist), within(1e-15));
    Tensor labels = Tensor.create(0L, 1L, 2L);
    LogitLoss nkd = new NkdLoss(NkdLoss.Options.defaults());
    assertThat(value(nkd.apply(trained, inferred, labels, null)))
        .isEqualTo(value(nkd.forward(student, teacher, labels, null).loss()));
  }

  @Test
  void hint() {
    assertThat(loss(new HintLoss(HintLoss.Options.defaults()))).isCloseTo(0.47555556, within(NEAR));
  }

  @Test
  void relationsOfDistanceAndAngle() {
    relations(Backend.CPU);
    relations(Backend.REFERENCE);
  }

  private void relations(Backend backend) {
    RkdLoss distance = new RkdLoss(new RkdLoss.Options(1, 0), backend);
    assertThat(loss(distance)).isCloseTo(0.02667791, within(NEAR));
    assertThat(gradient(distance))
        .containsExactly(
            new double[] {
              -.01617869,
              -.0241116,
              .02014515,
              -.0009134,
              .03723724,
              -.01816192,
              .01709209,
              -.01312563,
              -.00198323
            },
            within(NEAR));
    RkdLoss angle = new RkdLoss(new RkdLoss.Options(0, 1), backend);
    assertThat(loss(angle)).isCloseTo(0.00582894, within(NEAR));
  }

  /** The kernels go other ways than the compositions: RKD's by distances alone. */
  @Test
  void theKernelsOfRelationsAgreeWithTheCompositions() {
    Tensor s = TestTensors.gaussian(1, 20, 7);
    Tensor t = TestTensors.gaussian(2, 20, 7);
    for (Function<Backend, PairLoss> loss : KERNELS.values()) {
      agree(loss.apply(Backend.CPU).forward(s, t), loss.apply(Backend.REFERENCE).forward(s, t));
    }
  }

  @Test
  void relationsInAGraphHaveTheGradientsOfTheKernel() {
    for (Function<Backend, PairLoss> kernel : KERNELS.values()) {
      PairLoss loss = kernel.apply(Backend.CPU);
      Tensor leaf = student.detach().clone().requires_grad_(true);
      loss.apply(leaf, teacher).mul(new Scalar(2.0)).backward();

      double[] twice = values(loss.forward(student, teacher).gradStudent().mul(new Scalar(2.0)));
      assertThat(values(leaf.grad())).containsExactly(twice, within(NEAR));
    }
  }

  @Test
  void relationsHaveNoCudaKernel() {
    KERNELS.forEach(
        (name, loss) ->
            assertThatThrownBy(() -> loss.apply(Backend.CUDA))
                .isInstanceOf(TensorException.class)
                .hasMessage("backend: expected cpu or reference for " + name + ", found cuda"));
  }

  @Test
  void similarities() {
    similarities(Backend.CPU);
    similarities(Backend.REFERENCE);
  }

  private void similarities(Backend backend) {
    SpLoss loss = new SpLoss(SpLoss.Options.defaults(), backend);
    assertThat(loss(loss)).isCloseTo(0.11651654, within(NEAR));
    assertThat(gradient(loss))
        .containsExactly(
            new double[] {
              -.02081041,
              .03313691,
              .00185403,
              -.12979763,
              .06317408,
              -.1086375,
              -.01215062,
              -.09620237,
              -.07190114
            },
            within(NEAR));
  }

  @Test
  void correlationOfNeighbours() {
    assertThat(loss(new CcLoss(CcLoss.Options.defaults()))).isCloseTo(1.25, within(NEAR));
  }

  @Test
  void probabilitiesOfNeighbours() {
    probabilitiesOfNeighbours(Backend.CPU);
    probabilitiesOfNeighbours(Backend.REFERENCE);
  }

  private void probabilitiesOfNeighbours(Backend backend) {
    PktLoss loss = new PktLoss(PktLoss.Options.defaults(), backend);
    assertThat(loss(loss)).isCloseTo(0.00904856, within(NEAR));
    assertThat(gradient(loss))
        .containsExactly(
            new double[] {
              -.00198741,
              .00099371,
              .00206229,
              -.01270834,
              .01017417,
              -.01017417,
              -.00048437,
              -.00859625,
              -.0076275
            },
            within(NEAR));
  }

  @Test
  void attentionOfEqualPlacesIsFree() {
    Tensor one = TestTensors.gaussian(1, 2, 3, 4, 4);
    AtLoss loss = new AtLoss(AtLoss.Options.defaults());

    assertThat(value(loss.forward(one, one.neg()).loss())).isZero();
    // One place against another: Q = (1, 0) and (0, 1), so 2/2.
    Tensor left = Tensor.create(new double[] {5, 0}, 1, 1, 1, 2);
    Tensor right = Tensor.create(new double[] {0, 3}, 1, 1, 1, 2);
    assertThat(value(loss.forward(left, right).loss())).isEqualTo(1);
  }

  @Test
  void relationsNeedTwoRows() {
    assertThatThrownBy(
            () ->
                new SpLoss(SpLoss.Options.defaults())
                    .forward(student.narrow(0, 0, 1), teacher.narrow(0, 0, 1)))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("at least 2 rows");
  }

  @Test
  void reversalKeepsTheValueAndTurnsTheGradient() {
    Tensor x = student.clone().requires_grad_(true);
    Tensor reversed = GradientReversal.apply(x, 0.5);
    reversed.mul(teacher).sum().backward();

    assertThat(values(reversed)).containsExactly(values(student));
    assertThat(values(x.grad()))
        .containsExactly(values(teacher.mul(new org.bytedeco.pytorch.Scalar(-0.5))));
    assertThat(GradientReversal.ramp(0)).isZero();
    assertThat(GradientReversal.ramp(0.1)).isCloseTo(Math.tanh(0.5), within(1e-15));
  }
}
