package org.crossdistill.method;

import java.util.Set;
import org.crossdistill.loss.DiscomKdLoss;
import org.crossdistill.loss.GradientReversal;

/**
 * The switches of {@link DiscomKd}.
 *
 * @param loss what the domain classifiers learn ({@code domain-target}) and how features are held
 *     apart ({@code perp})
 * @param size of each of the features inv, inf and irr, ≥ 1
 * @param reversal how λ of the gradient reversal goes
 * @param lambda its largest value, ≥ 0
 * @param pairing how the batches of the two modalities are drawn
 * @param auxiliary weight of L_AUX, ≥ 0; 0 leaves the term out of the training
 * @param adversarial weight of L_ADV, ≥ 0
 * @param modality weight of L_MOD, ≥ 0
 * @param perpendicular weight of L_perp, ≥ 0
 */
public record DiscomKdOptions(
    DiscomKdLoss.Options loss,
    int size,
    Reversal reversal,
    double lambda,
    Pairing pairing,
    double auxiliary,
    double adversarial,
    double modality,
    double perpendicular) {

  /** How λ goes in the course of the training. */
  public enum Reversal {
    /** Always the largest value. */
    CONSTANT,
    /** From 0 up, 2/(1 + e^(−10·progress)) − 1 times the largest value. */
    RAMP
  }

  /** How the batches of the two modalities are drawn. */
  public enum Pairing {
    /** Each on its own, with its own labels. */
    UNPAIRED,
    /** The same samples in both. */
    PAIRED
  }

  /** {@code class-index}, {@code cosine}, size 256, constant λ = 1, unpaired, all weights 1. */
  public static DiscomKdOptions defaults() {
    return new DiscomKdOptions(
        DiscomKdLoss.Options.defaults(), 256, Reversal.CONSTANT, 1, Pairing.UNPAIRED, 1, 1, 1, 1);
  }

  /** Checks the ranges. */
  public DiscomKdOptions {
    if (size < 1) {
      throw new MethodException("size: expected at least 1, found " + size);
    }
    Weights.requireFactor("lambda", lambda);
    Weights.requireFactor("auxiliary", auxiliary);
    Weights.requireFactor("adversarial", adversarial);
    Weights.requireFactor("modality", modality);
    Weights.requireFactor("perpendicular", perpendicular);
  }

  /** What the data must give: both modalities with all labels, which L_CL and L_AUX take. */
  Set<Need> needs() {
    return pairing == Pairing.PAIRED
        ? Set.of(Need.PAIRS, Need.OTHER_INPUT, Need.LABELS)
        : Set.of(Need.OTHER_INPUT, Need.LABELS);
  }

  /** λ after a share of the training. */
  double lambdaAt(double progress) {
    return reversal == Reversal.RAMP ? lambda * GradientReversal.ramp(progress) : lambda;
  }

  /** The weight of a term. */
  double weight(DiscomKdLoss.Term term) {
    return switch (term) {
      case CL -> 1;
      case AUX -> auxiliary;
      case ADV -> adversarial;
      case MOD -> modality;
      case PERP -> perpendicular;
    };
  }
}
