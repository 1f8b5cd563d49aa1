package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.DiscomKdLoss.DomainTarget;
import org.crossdistill.loss.DiscomKdLoss.Head;
import org.crossdistill.loss.DiscomKdLoss.Heads;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.DiscomKdLoss.Perp;
import org.crossdistill.loss.DiscomKdLoss.Result;
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

  /** Heads whose logits are the features themselves. */
  private static Heads heads() {
    Head two = new Head(rows(new double[][] {{1, 0}, {0, 1}}), null);
    Head four = new Head(rows(new double[][] {{1, 0, 0, 0}, {0, 1, 0, 0}}), null);
    return new Heads(four, four, two, two, two, two);
  }

  private static Modality modality(Tensor inv, double[] informative, double[] irrelevant) {
    Tensor inf = rows(informative, informative);
    Tensor irr = rows(irrelevant, irrelevant);
    Tensor joint = torch.cat(new TensorVector(inv, inf), 1);
    return new Modality(Tensor.create(0L, 1L), inv, inf, irr, joint);
  }

  private Result result(DomainTarget target, Perp perp, double reversal, Term weighted) {
    Modality one = modality(first, new double[] {2, 0}, new double[] {-3, 3});
    Modality two = modality(second, new double[] {0, 1}, new double[] {0, -5});
    return new DiscomKdLoss(new DiscomKdLoss.Options(target, perp))
        .forward(one, two, heads(), reversal, term -> term == weighted ? 1 : 0);
  }

  private static double[] gradient(Result result, Tensor tensor) {
    double[] sum = new double[(int) tensor.numel()];
    for (DiscomKdLoss.Gradient part : result.gradients()) {
      if (part.tensor().data_ptr().equals(tensor.data_ptr())) {
        double[] values = values(part.value());
        for (int i = 0; i < sum.length; i++) {
          sum[i] += values[i];
        }
      }
    }
    return sum;
  }

  @Test
  void domainClassifiersLearnTheModalityAndFeaturesTheReverse() {
    for (double reversal : new double[] {-1, 2}) {
      Result result = result(DomainTarget.CLASS_INDEX, Perp.COSINE, reversal, Term.ADV);

      assertThat(value(result.terms().get(Term.ADV))).isCloseTo(0.97645308, within(NEAR));
      assertThat(gradient(result, first))
          .containsExactly(
              times(-reversal, .15561483, -.15561483, .15561483, -.15561483), within(4 * NEAR));
      assertThat(gradient(result, second))
          .containsExactly(
              times(-reversal, -.18276464, .18276464, -.1187552, .1187552), within(4 * NEAR));
    }
  }

  private static double[] times(double factor, double... values) {
    return Arrays.stream(values).map(value -> factor * value).toArray();
  }

  @Test
  void softTargetsOfTheAuthorsCodeLeaveTheSecondModalityOut() {
    Result result = result(DomainTarget.OFFICIAL_CODE, Perp.COSINE, -1, Term.ADV);

    assertThat(value(result.terms().get(Term.ADV))).isCloseTo(0.72407698, within(NEAR));
    assertThat(gradient(result, first))
        .containsExactly(new double[] {.06122967, -.06122967, .06122967, -.06122967}, within(NEAR));
    assertThat(gradient(result, second)).containsOnly(0);
  }

  /** Parts of the gradient by unsigned cosines are those of finite differences. */
  @Test
  void unsignedCosinesHaveTheirGradients() {
    for (Perp perp : new Perp[] {Perp.ABSOLUTE, Perp.SQUARED}) {
      double[] gradient =
          gradient(result(DomainTarget.CLASS_INDEX, perp, 1, Term.PERP), first.detach());
      for (int k = 0; k < 4; k++) {
        Tensor element = first.detach().reshape(-1).select(0, k);
        double given = element.item_double();
        double step = 1e-6;
        element.fill_(new Scalar(given + step));
        double above = perp(perp);
        element.fill_(new Scalar(given - step));
        double below = perp(perp);
        element.fill_(new Scalar(given));
        assertThat(gradient[k]).isCloseTo((above - below) / (2 * step), within(1e-8));
      }
    }
  }

  private double perp(Perp perp) {
    Result result = result(DomainTarget.CLASS_INDEX, perp, 1, Term.PERP);
    return value(result.terms().get(Term.PERP));
  }

  @Test
  void termsOfWeightZeroHaveValuesAndNoGradients() {
    Result result = result(DomainTarget.CLASS_INDEX, Perp.COSINE, 1, null);
    assertThat(result.gradients()).isEmpty();
    assertThat(result.terms()).containsOnlyKeys(Term.values());
  }

  @Test
  void featuresOfAnotherShapeAreNamed() {
    Modality one = modality(first, new double[] {2, 0}, new double[] {-3, 3});
    Modality wrong = new Modality(one.labels(), first, one.informative(), one.joint(), one.joint());
    DiscomKdLoss loss = new DiscomKdLoss(DiscomKdLoss.Options.defaults());
    assertThatThrownBy(() -> loss.forward(one, wrong, heads(), 1, term -> 1))
        .isInstanceOf(TensorException.class)
        .hasMessageStartingWith("irrelevant-2: expected f64 [2, 2]");
  }

  /** cos(inf, irr) is −√½ in the first modality and −1 in the second. */
  @Test
  void featuresAreHeldApartBySignedAbsoluteOrSquaredCosine() {
    double half = Math.sqrt(0.5);
    double[] inv = {.3 / Math.hypot(.3, .2), 1 / Math.hypot(1, .5)};
    double[] other = {.6 / Math.hypot(.4, .6), .1 / Math.hypot(.2, .1)};
    double[] all = {inv[0], inv[1], other[0], other[1]};
    assertThat(perp(Perp.COSINE))
        .isCloseTo((-half - 1) / 2 + Arrays.stream(all).sum() / 4, within(1e-15));
    assertThat(perp(Perp.ABSOLUTE))
        .isCloseTo((half + 1) / 2 + Arrays.stream(all).sum() / 4, within(1e-15));
    assertThat(perp(Perp.SQUARED))
        .isCloseTo((0.5 + 1) / 2 + Arrays.stream(all).map(c -> c * c).sum() / 4, within(1e-15));
  }
}
