package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Decoupled knowledge distillation (Zhao et al., CVPR 2022, <a
 * href="https://arxiv.org/abs/2203.08679">arXiv:2203.08679</a>): the divergence in the target
 * class's probability and the one among the other classes, each with a weight of its own.
 *
 * <pre>
 * l_i = α·TCKD_i + β·NCKD_i
 * TCKD = T²·[p_y·log(p_y/q_y) + (1 − p_y)·log((1 − p_y)/(1 − q_y))]
 * NCKD = T²·KL(p̃ ‖ q̃),   p̃, q̃ = softmax over the classes but y, over T
 * </pre>
 */
public final class DkdLoss extends LogitLoss {

  /**
   * How the loss is computed.
   *
   * @param alpha α ≥ 0
   * @param beta β ≥ 0; the authors tune it per pair of networks
   * @param temperature T > 0
   * @param reduction of the rows' losses
   */
  public record Options(double alpha, double beta, double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.range("alpha", alpha, 0, Double.POSITIVE_INFINITY);
      Arguments.range("beta", beta, 0, Double.POSITIVE_INFINITY);
      Arguments.positive("temperature", temperature);
      Arguments.given("reduction", reduction);
    }

    /** α = 1, β = 8, T = 4: the authors' for CIFAR-100. */
    public static Options defaults() {
      return new Options(1, 8, 4, Reduction.MEAN);
    }
  }

  private final Options options;

  /** For logits [B, C] with C ≥ 2; the loss needs labels. */
  public DkdLoss(Options options) {
    super(options.reduction(), true);
    this.options = options;
  }

  @Override
  int fewestClasses() {
    return 2;
  }

  @Override
  Tensor rows(Tensor student, Tensor teacher, Tensor labels) {
    double t = options.temperature();
    Tensor targetClass = Softmaxes.divergence(binary(teacher, labels), binary(student, labels), t);
    Tensor otherClasses =
        Softmaxes.divergence(
            Softmaxes.others(teacher, labels), Softmaxes.others(student, labels), t);
    return targetClass
        .mul(new Scalar(options.alpha()))
        .add(otherClasses.mul(new Scalar(options.beta())));
  }

  /** Logits [B, 2] whose softmax over T is (p_y, 1 − p_y): finite also where p_y is 1. */
  private Tensor binary(Tensor logits, Tensor labels) {
    double t = options.temperature();
    Tensor others =
        Softmaxes.others(logits, labels).div(new Scalar(t)).logsumexp(1).mul(new Scalar(t));
    return Composition.columns(Softmaxes.target(logits, labels), others);
  }
}
