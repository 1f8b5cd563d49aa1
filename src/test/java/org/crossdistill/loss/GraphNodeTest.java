package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.integers;
import static org.crossdistill.loss.TestTensors.positive;
import static org.crossdistill.loss.TestTensors.sameBits;
import static org.crossdistill.loss.TestTensors.values;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The losses as nodes of LibTorch's graphs. */
final class GraphNodeTest {

  private static final double STEP = 1e-6;
  private static final double NEAR = 1e-7;
  private static final double PRECISE = 1e-14;

  private final PointerScope scope = new PointerScope();
  private final Tensor student = gaussian(1, 5, 4);
  private final Tensor teacher = gaussian(2, 5, 4);
  private final Tensor weights = positive(3, 5);

  @AfterEach
  void free() {
    scope.close();
  }

  private static SoftMarginFeatureLoss features(Backend backend) {
    return new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults(), backend);
  }

  private static MarginClassifierLoss classes(Backend backend) {
    return new MarginClassifierLoss(MarginClassifierLoss.Options.defaults(), backend);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void gradientsAreThoseOfTheValueWithinALargerGraph(Backend backend) {
    SoftMarginFeatureLoss loss = features(backend);
    // 3·loss² + loss(2·student): two uses of the node, an upstream factor, a node before it.
    Function<Tensor, Tensor> graph =
        x -> {
          Tensor first = loss.apply(x, teacher, weights);
          Tensor second = loss.apply(x.mul(x), teacher, weights);
          return first.mul(first).mul(new Scalar(3.0)).add(second).add(first);
        };
    assertGradient(graph, student);
    assertGradient(x -> loss.apply(student, x, weights).mul(new Scalar(-0.7)), teacher);
    assertGradient(x -> loss.apply(student, teacher, x).mul(new Scalar(5.0)), weights);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void classifierGradientsAreThoseOfTheWeightedSumOfTheSets(Backend backend) {
    MarginClassifierLoss loss = classes(backend);
    Tensor labels = integers(4, 3, 5);
    Tensor classifier = gaussian(5, 3, 4);
    Function<Tensor[], Tensor> graph =
        x ->
            loss.apply(
                    x[0],
                    null,
                    List.of(
                        new RowSet(x[1], labels, x[2], 1), new RowSet(x[3], labels, null, 0.25)))
                .mul(new Scalar(0.1));
    Tensor[] inputs = {classifier, student, weights, teacher};
    for (int i = 0; i < inputs.length; i++) {
      int changed = i;
      assertGradient(
          x -> {
            Tensor[] all = inputs.clone();
            all[changed] = x;
            return graph.apply(all);
          },
          inputs[i]);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void valueIsThatOfForward(Backend backend) {
    Tensor x = leaf(student);
    Tensor node = features(backend).apply(x, teacher, weights);
    Tensor value = features(backend).forward(student, teacher, weights).loss();
    assertThat(sameBits(node, value)).isTrue();
    assertThat(node.requires_grad()).isTrue();
    assertThat(node.dim()).isZero();
  }

  @Test
  void gradientsAccumulateInLeaves() {
    Tensor x = leaf(student);
    features(Backend.CPU).apply(x, teacher, null).backward();
    Tensor once = x.grad().clone();
    features(Backend.CPU).apply(x, teacher, null).backward();
    assertThat(error(x.grad(), once.add(once))).isLessThan(PRECISE);
  }

  @Test
  void theGraphOutlivesTheScopeOfItsTemporaries() {
    Tensor x = leaf(student);
    Tensor total;
    try (Results results = new Results()) {
      total = results.keep(features(Backend.CPU).apply(x, teacher, null).mul(new Scalar(2.0)));
    }
    System.gc();
    total.backward();
    Tensor expected = features(Backend.CPU).forward(student, teacher, null).gradStudent();
    assertThat(error(x.grad(), expected.add(expected))).isLessThan(PRECISE);
  }

  @Test
  void withoutGradientsThereIsNoNode() {
    assertThat(features(Backend.CPU).apply(student, teacher, null).requires_grad()).isFalse();
    Tensor x = leaf(student);
    try (NoGradGuard noGrad = new NoGradGuard()) {
      assertThat(features(Backend.CPU).apply(x, teacher, null).requires_grad()).isFalse();
      Tensor gradient = features(Backend.REFERENCE).forward(x, teacher, null).gradStudent();
      assertThat(values(gradient)).doesNotContain(Double.NaN).isNotEqualTo(new double[20]);
    }
  }

  @Test
  void halfTypesDoNotRoundTheUpstreamGradient() {
    // 1/3 has an error of 1e-3 in bf16; the gradient must show its own rounding only.
    Tensor x = leaf(student.to(ScalarType.BFloat16));
    Tensor y = teacher.to(ScalarType.BFloat16);
    features(Backend.CPU).apply(x, y, null).mul(new Scalar(1.0 / 3)).backward();
    Tensor exact =
        features(Backend.CPU)
            .forward(x.to(ScalarType.Double), y.to(ScalarType.Double), null)
            .gradStudent()
            .mul(new Scalar(1.0 / 3));
    assertThat(x.grad().scalar_type().value).isEqualTo(ScalarType.BFloat16.value);
    assertThat(error(x.grad(), exact)).isLessThan(4e-3);
  }

  @Test
  void noRowsCanBeDifferentiated() {
    Tensor x = leaf(gaussian(1, 0, 4));
    features(Backend.CPU).apply(x, gaussian(2, 0, 4), null).backward();
    assertThat(x.grad().shape()).containsExactly(0, 4);
  }

  private static Tensor leaf(Tensor values) {
    return values.clone().requires_grad_(true);
  }

  /** Every component of the gradient against a central difference. */
  private static void assertGradient(Function<Tensor, Tensor> graph, Tensor at) {
    Tensor x = leaf(at);
    graph.apply(x).backward();
    double[] expected = new double[(int) at.numel()];
    for (int i = 0; i < expected.length; i++) {
      Tensor up = at.clone();
      up.view(-1).select(0, i).add_(new Scalar(STEP));
      Tensor down = at.clone();
      down.view(-1).select(0, i).add_(new Scalar(-STEP));
      expected[i] = (graph.apply(up).item_double() - graph.apply(down).item_double()) / (2 * STEP);
    }
    assertThat(error(x.grad(), Tensor.create(expected, at.shape()))).isLessThan(NEAR);
  }
}
