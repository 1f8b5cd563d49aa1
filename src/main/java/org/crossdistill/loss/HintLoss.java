package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;

/**
 * Hints (FitNets; Romero et al., ICLR 2015, <a
 * href="https://arxiv.org/abs/1412.6550">arXiv:1412.6550</a>): the hard constraint L = mean over
 * all values of (r − f_t)², with r what a regressor makes of the student's features.
 */
public final class HintLoss extends PairLoss {

  /** This loss has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  public HintLoss(Options options) {
    Arguments.given("options", options);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    return student.sub(teacher).square().mean();
  }
}
