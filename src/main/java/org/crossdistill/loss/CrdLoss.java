package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Noise-contrastive estimation of contrastive representation distillation (CRD; Tian et al., ICLR
 * 2020, <a href="https://arxiv.org/abs/1910.10699">arXiv:1910.10699</a>): of 1 + m candidates the
 * first belongs to the sample, the others were drawn from all N samples.
 *
 * <pre>
 * x = exp(similarity/τ)/Z                                                    [B, 1 + m]
 * L = −1/B·Σ_i [ log x_0/(x_0 + m/N + ε) + Σ_{j>0} log (m/N)/(x_j + m/N + ε) ],   ε = 1e-7
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class CrdLoss {

  private static final double EPSILON = 1e-7;

  private final double temperature;

  /**
   * @param temperature τ > 0
   */
  public CrdLoss(double temperature) {
    Arguments.positive("temperature", temperature);
    this.temperature = temperature;
  }

  /**
   * Z as the first batch sets it: N times the mean of exp(similarity/τ).
   *
   * @param similarities of each sample with its candidates, [B, 1 + m] in f64 or f32
   * @param samples N ≥ 1
   */
  public double normaliser(Tensor similarities, long samples) {
    Arguments.embeddings("similarities", similarities);
    Arguments.positive("samples", samples);
    try (Results results = new Results()) {
      return scores(similarities).mean().item_double() * samples;
    }
  }

  /**
   * The loss as a part of the similarities' graph, differentiable once. Value and gradient come
   * from the same x:
   *
   * <pre>
   * ∂L/∂similarity_ij = (x_j/(x_j + m/N + ε) − [j = 0])/(B·τ)
   * </pre>
   *
   * @param similarities of each sample with its candidates, [B, 1 + m] in f64 or f32, B ≥ 1; at
   *     most 88 τ in f32, 709 τ in f64: beyond, the exponential and so the loss are infinite
   * @param normaliser Z > 0
   * @param samples N ≥ 1
   * @return []
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor apply(Tensor similarities, double normaliser, long samples) {
    Arguments.embeddings("similarities", similarities);
    Arguments.rows("similarities", similarities, 1);
    Arguments.positive("normaliser", normaliser);
    Arguments.positive("samples", samples);
    long rows = similarities.size(0);
    long negatives = similarities.size(1) - 1;
    double noise = (double) negatives / samples;
    double others = negatives == 0 ? 0 : negatives * Math.log(noise);
    double constant = rows * (Math.log(normaliser) - others);
    try (Results results = new Results()) {
      Tensor x = scores(similarities).div_(new Scalar(normaliser));
      Tensor below = x.add(new Scalar(noise + EPSILON));
      // log x_0 without the exponential, which may be 0.
      Tensor first = similarities.detach().select(1, 0).sum().div(new Scalar(temperature));
      Tensor gradient = x.div_(below);
      gradient.select(1, 0).sub_(new Scalar(1.0));
      gradient.mul_(new Scalar(1 / (rows * temperature)));
      Tensor sum = below.log_().sum().sub(first).add(new Scalar(constant));
      Tensor loss = sum.div(new Scalar((double) rows));
      return results.keep(new KnownGradients().add(similarities, gradient).node(loss));
    }
  }

  /** exp(similarity/τ), without a graph. */
  private Tensor scores(Tensor similarities) {
    return similarities.detach().div(new Scalar(temperature)).exp_();
  }
}
