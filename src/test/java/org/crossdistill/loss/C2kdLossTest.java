package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.integers;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.C2kdLoss.Logits;
import org.crossdistill.loss.C2kdLoss.Options;
import org.crossdistill.loss.KdLoss.Target;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Terms, mask and gradients of customised cross-modal distillation. */
final class C2kdLossTest {

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void rowsThatTheProxiesOrderDifferentlyAreLeftOut(Backend backend) {
    Tensor proxyTeacher = rows(new double[] {2, 0.5, -1, 0}, new double[] {0.1, 1.2, 0.3, -0.7});
    Tensor proxyStudent =
        rows(new double[] {1, -0.2, 0.3, 0.4}, new double[] {0.5, 0.4, -0.1, 0.2});
    Tensor labels = Tensor.create(new long[] {0, 1}, 2);
    Logits logits = new Logits(proxyTeacher, proxyStudent, proxyTeacher, proxyStudent);
    C2kdLoss.Result result = new C2kdLoss(Options.defaults(), backend).forward(logits, labels, 1);
    assertThat(values(result.tau())).containsExactly(new double[] {1.0 / 3, 0}, within(1e-15));
    KdLoss rows = new KdLoss(new KdLoss.Options(Target.ZERO_LOGIT, 1, Reduction.MEAN), backend);
    double first = values(rows.forward(proxyStudent, proxyTeacher, labels, null).rows())[0];
    double second = values(rows.forward(proxyTeacher, proxyStudent, labels, null).rows())[0];
    double[] terms = values(result.terms());
    assertThat(terms[2]).isZero();
    assertThat(terms[6]).isCloseTo(first / 2, within(1e-14));
    assertThat(terms[7]).isCloseTo(second / 2, within(1e-14));
    double sum = 0;
    for (double term : terms) {
      sum += term;
    }
    assertThat(value(result.loss())).isCloseTo(sum, within(1e-14));
  }

  @Test
  void gradScaleChangesTheGradientsAlone() {
    Logits logits =
        new Logits(gaussian(1, 5, 7), gaussian(2, 5, 7), gaussian(3, 5, 7), gaussian(4, 5, 7));
    Tensor labels = integers(5, 7, 5);
    C2kdLoss loss = new C2kdLoss(new Options(2, -1, Target.EXCLUDE));
    C2kdLoss.Result plain = loss.forward(logits, labels, 1);
    C2kdLoss.Result scaled = loss.forward(logits, labels, 2);
    assertThat(value(scaled.loss())).isEqualTo(value(plain.loss()));
    double[] expected = values(plain.gradients().proxyStudent());
    double[] found = values(scaled.gradients().proxyStudent());
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).isCloseTo(2 * expected[i], within(1e-15));
    }
  }

  @Test
  void optionsAreChecked() {
    assertThatThrownBy(() -> new Options(1, 0, Target.KEPT))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("non-target: expected zero-logit or exclude");
    assertThatThrownBy(() -> new Options(-1, 0, Target.EXCLUDE))
        .hasMessageContaining("temperature");
  }
}
