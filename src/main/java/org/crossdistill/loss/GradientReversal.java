package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The gradient reversal layer (Ganin and Lempitsky, ICML 2015, <a
 * href="https://arxiv.org/abs/1409.7495">arXiv:1409.7495</a>): forward the identity, backward −λ
 * times the gradient. For graphs of one's own; {@link DiscomKdLoss} reverses by itself.
 */
public final class GradientReversal {

  private GradientReversal() {}

  /**
   * Reverses gradients.
   *
   * @param input of any shape, in f64, f32, bf16 or f16
   * @param lambda λ, finite
   * @return the same values, to the last bit where they are finite
   * @throws TensorException naming the argument that is wrong
   */
  public static Tensor apply(Tensor input, double lambda) {
    Arguments.numbers("input", input);
    Arguments.finite("lambda", lambda);
    try (Results results = new Results()) {
      Tensor fixed = input.detach();
      return results.keep(fixed.add(input.sub(fixed).mul(new Scalar(-lambda))));
    }
  }

  /** λ = 2/(1 + e^(−10·progress)) − 1: rises from 0 to 1 in the course of a training. */
  public static double ramp(double progress) {
    return 2 / (1 + Math.exp(-10 * progress)) - 1;
  }
}
