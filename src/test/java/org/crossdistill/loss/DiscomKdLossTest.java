package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.DiscomKdLoss.DomainTarget;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.DiscomKdLoss.Perp;
import org.crossdistill.loss.DiscomKdLoss.Term;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The switches of the domain terms and of the term that holds features apart. */
final class DiscomKdLossTest {

  private static final double NEAR = 1e-8;

  private final PointerScope scope = new PointerScope();
  private final Tensor first = rows(new double[][] {{.3, -.2}, {1, .5}}).requires_grad_(true);
  private final Tensor second = rows(new double[][] {{-.4, .6}, {.2, .1}}).requires_grad_(true);

  @AfterEach
  void free() {
    scope.close();
  }

  private static Modality modality(Tensor adversarial, double[] informative, double[] irrelevant) {
    Tensor labels = Tensor.create(0L, 1L);
    Tensor any = rows(new double[][] {{1, 0}, {0, 1}});
    Tensor inf = rows(informative, informative);
    Tensor irr = rows(irrelevant, irrelevant);
    return new Modality(labels, inf, inf, irr, any, any, any, adversarial, any, any);
  }

  private Tensor term(DomainTarget target, Perp perp, Term term) {
    Modality one = modality(first, new double[] {2, 0}, new double[] {-3, 3});
    Modality two = modality(second, new double[] {0, 1}, new double[] {0, -5});
    return new DiscomKdLoss(new DiscomKdLoss.Options(target, perp)).terms(one, two).get(term);
  }

  @Test
  void domainClassifiersLearnTheModality() {
    Tensor loss = term(DomainTarget.CLASS_INDEX, Perp.COSINE, Term.ADV);
    loss.backward();

    assertThat(value(loss)).isCloseTo(0.97645308, within(NEAR));
    assertThat(values(first.grad()))
        .containsExactly(new double[] {.15561483, -.15561483, .15561483, -.15561483}, within(NEAR));
    assertThat(values(second.grad()))
        .containsExactly(
            new double[] {-.18276464, .18276464, -.1187552, .1187552}, within(2 * NEAR));
  }

  @Test
  void softTargetsOfTheAuthorsCodeLeaveTheSecondModalityOut() {
    Tensor loss = term(DomainTarget.OFFICIAL_CODE, Perp.COSINE, Term.ADV);
    loss.backward();

    assertThat(value(loss)).isCloseTo(0.72407698, within(NEAR));
    assertThat(values(first.grad()))
        .containsExactly(new double[] {.06122967, -.06122967, .06122967, -.06122967}, within(NEAR));
    assertThat(second.grad().defined()).isFalse();
  }

  /** cos(inf, irr) is −√½ in the first modality and −1 in the second; cos(inf, inv) is 1. */
  @Test
  void featuresAreHeldApartBySignedAbsoluteOrSquaredCosine() {
    double half = Math.sqrt(0.5);
    assertThat(value(term(DomainTarget.CLASS_INDEX, Perp.COSINE, Term.PERP)))
        .isCloseTo((-half - 1) / 2 + 1, within(1e-15));
    assertThat(value(term(DomainTarget.CLASS_INDEX, Perp.ABSOLUTE, Term.PERP)))
        .isCloseTo((half + 1) / 2 + 1, within(1e-15));
    assertThat(value(term(DomainTarget.CLASS_INDEX, Perp.SQUARED, Term.PERP)))
        .isCloseTo((0.5 + 1) / 2 + 1, within(1e-15));
  }
}
