package org.crossdistill.loss;

import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.LogitKernels;

/**
 * Decoupled knowledge distillation (Zhao et al., CVPR 2022, <a
 * href="https://arxiv.org/abs/2203.08679">arXiv:2203.08679</a>): the divergence in the target
 * class's probability and the one among the other classes, each with a weight of its own.
 *
 * <pre>
 * l_i = α·TCKD_i + β·NCKD_i
 * TCKD = T²·[p_y·log(p_y/q_y) + (1 − p_y)·log((1 − p_y)/(1 − q_y))]
 * NCKD = T²·KL(p̃ ‖ q̃),   p̃, q̃ = softmax over the classes but y, over T
 * </pre>
 *
 * <p>Non-finite logits give a non-finite loss. On a GPU so do a label or a weight out of range,
 * since nothing waits there to look at them.
 */
public final class DkdLoss extends FusedLogitLoss {

  /**
   * How the loss is computed.
   *
   * @param alpha α, from 0 to 1e9
   * @param beta β, from 0 to 1e9; the authors tune it per pair of networks
   * @param temperature T, from 1e-9 to 1e9
   * @param reduction of the rows' losses
   */
  public record Options(double alpha, double beta, double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.range("alpha", alpha, 0, BEYOND);
      Arguments.range("beta", beta, 0, BEYOND);
      Arguments.temperature(temperature);
      Arguments.given("reduction", reduction);
    }

    /** α = 1, β = 8, T = 4: the authors' for CIFAR-100. */
    public static Options defaults() {
      return new Options(1, 8, 4, Reduction.MEAN);
    }
  }

  private static final double BEYOND = Math.nextUp(1e9);

  /** Where the loss has kernels. */
  static final Set<Backend> KERNELS = Set.of(Backend.CPU, Backend.CUDA);

  private final Options options;

  /**
   * For logits [B, C] with C ≥ 2, on the backend that is active here (see {@link
   * org.crossdistill.kernel.Backends}); the loss needs labels.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public DkdLoss(Options options) {
    super(Arguments.given("options", options).temperature(), options.reduction(), true, KERNELS);
    this.options = options;
  }

  /**
   * The same on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public DkdLoss(Options options, Backend backend) {
    super(
        "dkd",
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
    double alpha = options.alpha();
    double beta = options.beta();
    NativeCall.run(
        student,
        threads -> LogitKernels.dkd(inputs, alpha, beta, outputs, threads),
        launch -> CudaKernels.dkd(inputs, alpha, beta, outputs, launch));
  }

  @Override
  Tensor rows(Tensor student, Tensor teacher, Tensor labels) {
    double t = options.temperature();
    Tensor targetClass = Softmaxes.divergence(binary(teacher, labels), binary(student, labels), t);
    Tensor otherClasses =
        Softmaxes.divergence(
            Softmaxes.others(teacher, labels), Softmaxes.others(student, labels), t);
    return targetClass
        .mul(new Scalar(options.alpha()))
        .add(otherClasses.mul(new Scalar(options.beta())));
  }

  /** Logits [B, 2] whose softmax over T is (p_y, 1 − p_y): finite also where p_y is 1. */
  private Tensor binary(Tensor logits, Tensor labels) {
    double t = options.temperature();
    Tensor others =
        Softmaxes.others(logits, labels).div(new Scalar(t)).logsumexp(1).mul(new Scalar(t));
    return Composition.columns(Softmaxes.target(logits, labels), others);
  }
}
