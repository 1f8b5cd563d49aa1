package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;

/**
 * Knowledge distillation on logits (Hinton et al., 2015, <a
 * href="https://arxiv.org/abs/1503.02531">arXiv:1503.02531</a>):
 *
 * <pre>
 * l_i = T²·KL(p_i ‖ q_i),   p = softmax(z_t/T),   q = softmax(z_s/T)
 * ∂l_i/∂z_s = T·(q − p)
 * </pre>
 *
 * <p>The label's logit may be left out on both sides, so that only knowledge of the other classes
 * crosses; see {@link Target}.
 */
public final class KdLoss extends LogitLoss {

  /** What becomes of the logit of a row's label, on both sides. */
  public enum Target {
    /** It stays: plain distillation, which needs no labels. */
    KEPT,
    /** It becomes 0: softmax over all classes; its gradient is 0. */
    ZERO,
    /** It is excluded: softmax over the C − 1 others; its gradient is 0. */
    EXCLUDED
  }

  /**
   * How the loss is computed.
   *
   * @param temperature T > 0
   * @param reduction of the rows' losses
   */
  public record Options(double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.positive("temperature", temperature);
      Arguments.given("reduction", reduction);
    }

    /** T = 4, as in the usual comparisons of distillation methods (Tian et al., 2020). */
    public static Options defaults() {
      return new Options(4, Reduction.MEAN);
    }

    /** T = 1, as where only the other classes count (Huo et al., 2024). */
    public static Options nonTargetDefaults() {
      return new Options(1, Reduction.MEAN);
    }
  }

  private final Options options;
  private final Target target;

  /** A loss over all classes. */
  public KdLoss(Options options) {
    this(options, Target.KEPT);
  }

  /**
   * @param target {@code KEPT} needs no labels, the others do
   */
  public KdLoss(Options options, Target target) {
    super(options.reduction(), target != Target.KEPT);
    this.options = options;
    this.target = target;
  }

  @Override
  Tensor rows(Tensor student, Tensor teacher, Tensor labels) {
    double t = options.temperature();
    return switch (target) {
      case KEPT -> Softmaxes.divergence(teacher, student, t);
      case ZERO ->
          Softmaxes.divergence(
              Softmaxes.withoutTarget(teacher, labels),
              Softmaxes.withoutTarget(student, labels),
              t);
      case EXCLUDED ->
          Softmaxes.divergence(
              Softmaxes.others(teacher, labels), Softmaxes.others(student, labels), t);
    };
  }
}
