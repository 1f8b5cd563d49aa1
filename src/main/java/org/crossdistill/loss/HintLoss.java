package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;

/**
 * Hints (FitNets; Romero et al., ICLR 2015, <a
 * href="https://arxiv.org/abs/1412.6550">arXiv:1412.6550</a>): the hard constraint L = mean over
 * all values of (r − f_t)², with r what a regressor makes of the student's features.
 *
 * <p>r and f_t are [B, D] both; samples do not meet, so that B = 1 is a batch like any other.
 */
public final class HintLoss extends PairLoss {

  /** This loss has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  /** With the only options that there are; null is a {@link TensorException}. */
  public HintLoss(Options options) {
    Arguments.given("options", options);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    return student.sub(teacher).square().mean();
  }
}
