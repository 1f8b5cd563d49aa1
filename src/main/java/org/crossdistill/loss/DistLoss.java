package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.RelationKernels;

/**
 * Distillation from a stronger teacher (Huang et al., NeurIPS 2022, <a
 * href="https://arxiv.org/abs/2205.10536">arXiv:2205.10536</a>): the student's probabilities shall
 * correlate with the teacher's, within each row and within each class.
 *
 * <pre>
 * q = softmax(z_s/T),   p = softmax(z_t/T)                                   [B, C]
 * L = T²·[β·(1 − mean_i r(q_i·, p_i·)) + γ·(1 − mean_k r(q_·k, p_·k))]
 * r(a, b) = ã·b̃ / (‖ã‖·‖b̃‖),   ã = a − mean a                              (Pearson)
 * </pre>
 *
 * <p>A length below 1e-8 counts as 1e-8, so that constant rows correlate with nothing.
 */
public final class DistLoss extends FusedPairLoss {

  private static final double SHORTEST = 1e-8;

  /**
   * How the loss is computed.
   *
   * @param beta β ≥ 0, weight of the relation between classes
   * @param gamma γ ≥ 0, weight of the relation within classes
   * @param temperature T, from 1e-9 to 1e9
   */
  public record Options(double beta, double gamma, double temperature) {

    /** Checks the values. */
    public Options {
      Arguments.range("beta", beta, 0, Double.POSITIVE_INFINITY);
      Arguments.range("gamma", gamma, 0, Double.POSITIVE_INFINITY);
      Arguments.temperature(temperature);
    }

    /** β = γ = T = 1, the authors'. */
    public static Options defaults() {
      return new Options(1, 1, 1);
    }
  }

  private final Options options;

  /**
   * For logits [B, C], with the kernel on a CPU where that is active, otherwise with the reference
   * composition; with β or γ 0 that relation does not count.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public DistLoss(Options options) {
    this.options = Arguments.given("options", options);
  }

  /**
   * The same on a certain backend, never another.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public DistLoss(Options options, Backend backend) {
    super("dist", backend);
    this.options = Arguments.given("options", options);
  }

  @Override
  void run(RelationKernels.PairInputs inputs, RelationKernels.PairOutputs outputs, int threads) {
    RelationKernels.dist(
        inputs, options.beta(), options.gamma(), options.temperature(), outputs, threads);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    Tensor q = Softmaxes.log(student, options.temperature()).exp();
    Tensor p = Softmaxes.log(teacher, options.temperature()).exp();
    Tensor between = unlike(q, p).mul(new Scalar(options.beta()));
    Tensor within = unlike(q.t(), p.t()).mul(new Scalar(options.gamma()));
    return between.add(within).mul(new Scalar(options.temperature() * options.temperature()));
  }

  /** 1 − mean correlation of the rows. */
  private static Tensor unlike(Tensor a, Tensor b) {
    Tensor x = Composition.centred(a);
    Tensor y = Composition.centred(b);
    Tensor correlations = Composition.sumOfColumns(x.mul(y)).div(length(x)).div(length(y));
    return correlations.mean().neg().add(new Scalar(1.0));
  }

  private static Tensor length(Tensor rows) {
    return Composition.norms(rows).clamp_min(new Scalar(SHORTEST));
  }
}
