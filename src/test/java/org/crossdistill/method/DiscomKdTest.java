package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.DiscomKdLoss;
import org.crossdistill.method.DiscomKdOptions.Pairing;
import org.crossdistill.method.DiscomKdOptions.Reversal;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which term trains what, the reversal, and the two models. */
final class DiscomKdTest {

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  private static DiscomKdOptions options(
      double lambda, double aux, double adv, double mod, double perp) {
    return new DiscomKdOptions(
        DiscomKdLoss.Options.defaults(),
        5,
        Reversal.CONSTANT,
        lambda,
        Pairing.UNPAIRED,
        aux,
        adv,
        mod,
        perp);
  }

  private static DiscomKd stepped(DiscomKdOptions options) {
    DiscomKd method = new DiscomKd(options, TwoModalities.context(3));
    method.step(TwoModalities.batch()).backward();
    return method;
  }

  private static double gradient(DiscomKd method, String network) {
    return TwoModalities.largestGradient(method.networks().get(network).parameters());
  }

  @Test
  void switchedOffTermsTrainNothing() {
    DiscomKd method = stepped(options(1, 0, 0, 0, 0));

    assertThat(gradient(method, "student")).isPositive();
    assertThat(gradient(method, "other")).isPositive();
    for (String head :
        new String[] {"auxiliary", "adversarial", "domain-informative", "domain-irrelevant"}) {
      assertThat(gradient(method, head)).as(head).isZero();
    }
  }

  @Test
  void everyTermReachesItsHead() {
    assertThat(gradient(stepped(options(1, 1, 0, 0, 0)), "auxiliary")).isPositive();
    assertThat(gradient(stepped(options(1, 0, 1, 0, 0)), "adversarial")).isPositive();
    DiscomKd modality = stepped(options(1, 0, 0, 1, 0));
    assertThat(gradient(modality, "domain-informative")).isPositive();
    assertThat(gradient(modality, "domain-irrelevant")).isPositive();
  }

  /** ∂L_ADV over the encoder is −λ times what it is over the head's own input. */
  @Test
  void reversalTurnsTheAdversarialGradientInTheEncoderAndNotInTheHead() {
    DiscomKd none = stepped(options(0, 0, 1, 0, 0));
    DiscomKd one = stepped(options(1, 0, 1, 0, 0));
    DiscomKd two = stepped(options(2, 0, 1, 0, 0));

    float[] g0 = gradients(none, "student", "projection.weight");
    float[] g1 = gradients(one, "student", "projection.weight");
    float[] g2 = gradients(two, "student", "projection.weight");
    for (int i = 0; i < g0.length; i++) {
      assertThat(g2[i] - g0[i]).isCloseTo(2 * (g1[i] - g0[i]), within(1e-5f));
    }
    assertThat(g1).isNotEqualTo(g0);
    assertThat(gradients(two, "adversarial", "weight"))
        .containsExactly(gradients(none, "adversarial", "weight"), within(1e-7f));
  }

  private static float[] gradients(DiscomKd method, String network, String parameter) {
    return Tensors.floats(method.networks().get(network).parameters().get(parameter).grad());
  }

  @Test
  void modalitiesMayBringBatchesOfDifferentSize() {
    Batch batch = TwoModalities.batch();
    Batch.Side fewer =
        Batch.Side.of(batch.teacher().input().narrow(0, 0, 4), Tensor.create(2L, 1L, 0L, 1L));
    DiscomKd method = new DiscomKd(DiscomKdOptions.defaults(), TwoModalities.context(3));

    Objective objective = method.step(batch.with(fewer));

    assertThat(method.paired()).isFalse();
    assertThat(objective.terms()).containsOnlyKeys("cl", "aux", "adv", "mod", "perp");
    objective.terms().values().forEach(term -> assertThat(term.item_double()).isFinite());
  }

  @Test
  void oneTrainingGivesAModelOfEachModality() {
    DiscomKd method = new DiscomKd(DiscomKdOptions.defaults(), TwoModalities.context(3));
    method.networks().values().forEach(network -> network.training(false));
    Batch batch = TwoModalities.batch();
    Method.SingleModal other = method.other().orElseThrow();

    Tensor weak = method.classifier().forward(method.student().forward(batch.student().input()));
    Tensor strong = other.classifier().forward(other.backbone().forward(batch.teacher().input()));

    assertThat(weak.shape()).containsExactly(TwoModalities.ROWS, TwoModalities.CLASSES);
    assertThat(strong.shape()).containsExactly(TwoModalities.ROWS, TwoModalities.CLASSES);
    assertThat(Tensors.floats(weak)).isNotEqualTo(Tensors.floats(strong));
  }

  @Test
  void reversalMayRampUp() {
    DiscomKdOptions ramp =
        new DiscomKdOptions(
            DiscomKdLoss.Options.defaults(), 5, Reversal.RAMP, 3, Pairing.PAIRED, 1, 1, 1, 1);

    assertThat(ramp.lambdaAt(0)).isZero();
    assertThat(ramp.lambdaAt(0.1)).isCloseTo(3 * Math.tanh(0.5), within(1e-12));
    assertThat(options(3, 1, 1, 1, 1).lambdaAt(0)).isEqualTo(3);
  }

  @Test
  void otherModalityMustBeThere() {
    MethodContext context = TwoModalities.context(3).with((MethodContext.Encoders) null);
    assertThatThrownBy(() -> new DiscomKd(DiscomKdOptions.defaults(), context))
        .isInstanceOf(MethodException.class)
        .hasMessage("discom-kd needs inputs of the other modality, found none");
  }

  @Test
  void networksAreSavedByName() {
    Map<String, ?> networks =
        new DiscomKd(DiscomKdOptions.defaults(), TwoModalities.context(3)).networks();

    assertThat(networks)
        .containsOnlyKeys(
            "student",
            "classifier",
            "other",
            "other-classifier",
            "auxiliary",
            "adversarial",
            "domain-informative",
            "domain-irrelevant");
  }
}
