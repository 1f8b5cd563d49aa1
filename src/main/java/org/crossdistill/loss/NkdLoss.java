package org.crossdistill.loss;

import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.LogitKernels;

/**
 * Normalised knowledge distillation (Yang et al., ICCV 2023, <a
 * href="https://arxiv.org/abs/2303.13005">arXiv:2303.13005</a>), cross-entropies rather than
 * divergences, so that its least value is not 0:
 *
 * <pre>
 * l_i = −p_y·log q_y − γ·T²·Σ_{j≠y} p̃_j·log q̃_j
 * p, q = softmax(z_t), softmax(z_s);   p̃, q̃ = softmax over the classes but y, over T
 * </pre>
 *
 * <p>The cross-entropy with the label is not part of it.
 */
public final class NkdLoss extends FusedLogitLoss {

  /**
   * How the loss is computed.
   *
   * @param gamma γ, from 0 to 1e9
   * @param temperature T of the second term alone, from 1e-9 to 1e9
   * @param reduction of the rows' losses
   */
  public record Options(double gamma, double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.range("gamma", gamma, 0, Math.nextUp(1e9));
      Arguments.temperature(temperature);
      Arguments.given("reduction", reduction);
    }

    /** γ = 1.5, T = 1: the authors' for ImageNet. */
    public static Options defaults() {
      return new Options(1.5, 1, Reduction.MEAN);
    }
  }

  /** Where the loss has kernels. */
  static final Set<Backend> KERNELS = Set.of(Backend.CPU);

  private final Options options;

  /**
   * For logits [B, C] with C ≥ 2, with the kernel on a CPU where that is active, otherwise with the
   * reference composition; the loss needs labels.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public NkdLoss(Options options) {
    super(Arguments.given("options", options).temperature(), options.reduction(), true, KERNELS);
    this.options = options;
  }

  /**
   * The same on a certain backend, never another.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public NkdLoss(Options options, Backend backend) {
    super(
        "nkd",
        Arguments.given("options", options).temperature(),
        options.reduction(),
        true,
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
    NativeCall.run(threads -> LogitKernels.nkd(inputs, options.gamma(), outputs, threads));
  }

  @Override
  Tensor rows(Tensor student, Tensor teacher, Tensor labels) {
    double t = options.temperature();
    Tensor p = Softmaxes.target(Softmaxes.log(teacher, 1), labels).exp();
    Tensor targetClass = p.mul(Softmaxes.crossEntropy(student, labels));
    Tensor others = Softmaxes.log(Softmaxes.others(teacher, labels), t).exp();
    Tensor logOthers = Softmaxes.log(Softmaxes.others(student, labels), t);
    Tensor otherClasses = Composition.sumOfColumns(others.mul(logOthers));
    return targetClass.sub(otherClasses.mul(new Scalar(options.gamma() * t * t)));
  }
}
