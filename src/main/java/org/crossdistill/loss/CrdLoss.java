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
   * exp(similarity/τ).
   *
   * @param similarities of each sample with its candidates, [B, 1 + m] in f64 or f32
   */
  public Tensor scores(Tensor similarities) {
    Arguments.embeddings("similarities", similarities);
    return similarities.div(new Scalar(temperature)).exp();
  }

  /**
   * The loss as a part of the scores' graph.
   *
   * @param scores [B, 1 + m], from {@link #scores}
   * @param normaliser Z > 0
   * @param samples N ≥ 1
   * @return []
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor apply(Tensor scores, double normaliser, long samples) {
    Arguments.embeddings("scores", scores);
    Arguments.rows("scores", scores, 1);
    Arguments.positive("normaliser", normaliser);
    Arguments.positive("samples", samples);
    long negatives = scores.size(1) - 1;
    double noise = (double) negatives / samples;
    try (Results results = new Results()) {
      Tensor x = scores.div(new Scalar(normaliser));
      Tensor below = x.add(new Scalar(noise + EPSILON)).log();
      Tensor first = x.select(1, 0).log().sum();
      double others = scores.size(0) * (double) negatives * Math.log(noise);
      Tensor sum = first.sub(below.sum()).add(new Scalar(negatives == 0 ? 0 : others));
      return results.keep(sum.neg().div(new Scalar((double) scores.size(0))));
    }
  }
}
