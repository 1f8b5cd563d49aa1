package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;

/**
 * Correlation congruence (Peng et al., ICCV 2019, <a
 * href="https://arxiv.org/abs/1904.01802">arXiv:1904.01802</a>) as the usual comparisons of
 * distillation methods compute it (Tian et al., 2020): neighbours in the batch stand for all pairs.
 *
 * <pre>
 * δ_i = |f^s_i − f^t_i|,   L = mean_i δ_i·δ_{i+1}
 * </pre>
 *
 * <p>f^s and f^t are [B, D] both, B ≥ 2: a single sample has no neighbour, and is a {@link
 * TensorException}. The loss depends on the order of the batch, and its gradient is 0 where student
 * and teacher agree.
 */
public final class CcLoss extends PairLoss {

  /** This loss has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  /** With the only options that there are; null is a {@link TensorException}. */
  public CcLoss(Options options) {
    Arguments.given("options", options);
  }

  @Override
  void check(Tensor student, Tensor teacher) {
    super.check(student, teacher);
    Arguments.rows("student", student, 2);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    Tensor delta = student.sub(teacher).abs();
    long pairs = delta.size(0) - 1;
    Tensor products = delta.narrow(0, 0, pairs).mul(delta.narrow(0, 1, pairs));
    return Composition.sumOfColumns(products).mean();
  }
}
