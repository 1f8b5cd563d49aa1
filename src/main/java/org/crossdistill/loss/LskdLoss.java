package org.crossdistill.loss;

import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.LogitKernels;

/**
 * Distillation on standardised logits (Sun et al., CVPR 2024, <a
 * href="https://arxiv.org/abs/2403.01427">arXiv:2403.01427</a>): location and scale of a row of
 * logits do not count, only their relations do.
 *
 * <pre>
 * z' = (z − mean z)/(std z + 1e-7), std with C − 1, on both sides
 * l_i = T²·KL(softmax(z'_t/T) ‖ softmax(z'_s/T))
 * </pre>
 *
 * <p>A constant row becomes 0 and passes no gradient but that of its mean.
 */
public final class LskdLoss extends FusedLogitLoss {

  private static final double FLOOR = 1e-7;

  /** Far below the floor squared; keeps the root's derivative finite for a constant row. */
  private static final double SMALLEST_VARIANCE = 1e-30;

  /**
   * How the loss is computed.
   *
   * @param temperature T, from 1e-9 to 1e9
   * @param reduction of the rows' losses
   */
  public record Options(double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.temperature(temperature);
      Arguments.given("reduction", reduction);
    }

    /** T = 2, the authors' base temperature. */
    public static Options defaults() {
      return new Options(2, Reduction.MEAN);
    }
  }

  /** Where the loss has kernels. */
  static final Set<Backend> KERNELS = Set.of(Backend.CPU);

  private final Options options;

  /**
   * For logits [B, C] with C ≥ 2, with the kernel on a CPU where that is active, otherwise with the
   * reference composition; labels only say which rows to ignore.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public LskdLoss(Options options) {
    super(Arguments.given("options", options).temperature(), options.reduction(), false, KERNELS);
    this.options = options;
  }

  /**
   * The same on a certain backend, never another.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public LskdLoss(Options options, Backend backend) {
    super(
        "lskd",
        Arguments.given("options", options).temperature(),
        options.reduction(),
        false,
        KERNELS,
        backend);
    this.options = options;
  }

  @Override
  int fewestClasses() {
    return 2;
  }

  @Override
  void run(Tensor student, LogitKernels.Inputs inputs, LogitKernels.Outputs outputs) {
    NativeCall.run(threads -> LogitKernels.lskd(inputs, outputs, threads));
  }

  @Override
  Tensor rows(Tensor student, Tensor teacher, Tensor labels) {
    return Softmaxes.divergence(
        standardised(teacher), standardised(student), options.temperature());
  }

  private static Tensor standardised(Tensor logits) {
    Tensor centred = Composition.centred(logits);
    Tensor variance =
        Composition.sumOfColumns(centred.square()).div(new Scalar((double) logits.size(1) - 1));
    Tensor deviation = variance.clamp_min(new Scalar(SMALLEST_VARIANCE)).sqrt();
    return centred.div(deviation.add(new Scalar(FLOOR)).unsqueeze(1));
  }
}
