package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.RelationKernels;

/**
 * Relational knowledge distillation (Park et al., CVPR 2019, <a
 * href="https://arxiv.org/abs/1904.05068">arXiv:1904.05068</a>): distances between samples, and the
 * angles at the corners of each triple of samples, shall be alike. Student and teacher may differ
 * in size.
 *
 * <pre>
 * d_ij = ‖f_i − f_j‖,   d̄ = mean of the positive d_ij
 * e_ij = (f_i − f_j)/‖f_i − f_j‖
 * L = λ_d·mean_ij h(d_ij/d̄, d'_ij/d̄') + λ_a·mean_jik h(e_ij·e_kj, e'_ij·e'_kj),   ' = teacher
 * h(a, b) = (a − b)²/2 where |a − b| &lt; 1, otherwise |a − b| − 1/2
 * </pre>
 *
 * <p>Squared distances below 1e-12 count as 1e-12, without gradient; d_ii = 0. Time grows with B³,
 * and so does the memory of the reference composition; that of the kernel with B², B ≤ 65 536.
 */
public final class RkdLoss extends RelationalLoss {

  private static final double SMALLEST_SQUARE = 1e-12;

  /**
   * How the loss is computed.
   *
   * @param distanceWeight λ_d ≥ 0
   * @param angleWeight λ_a ≥ 0
   */
  public record Options(double distanceWeight, double angleWeight) {

    /** Checks the values. */
    public Options {
      Arguments.range("distance-weight", distanceWeight, 0, Double.POSITIVE_INFINITY);
      Arguments.range("angle-weight", angleWeight, 0, Double.POSITIVE_INFINITY);
    }

    /** λ_d = 25, λ_a = 50, as in the usual comparisons (Tian et al., 2020). */
    public static Options defaults() {
      return new Options(25, 50);
    }
  }

  private final Options options;

  /**
   * For features [B, D] and [B, E], with the kernel on a CPU where that is active, otherwise with
   * the reference composition; with a weight of 0 that relation does not count.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public RkdLoss(Options options) {
    this.options = Arguments.given("options", options);
  }

  /**
   * The same on a certain backend, never another.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public RkdLoss(Options options, Backend backend) {
    super("rkd", backend);
    this.options = Arguments.given("options", options);
  }

  @Override
  void run(RelationKernels.PairInputs inputs, RelationKernels.PairOutputs outputs, int threads) {
    RelationKernels.rkd(inputs, options.distanceWeight(), options.angleWeight(), outputs, threads);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    Tensor s = differences(student);
    Tensor t = differences(teacher);
    Tensor distance = torch.smooth_l1_loss(distances(s), distances(t));
    Tensor angle = torch.smooth_l1_loss(cosines(s), cosines(t));
    return distance
        .mul(new Scalar(options.distanceWeight()))
        .add(angle.mul(new Scalar(options.angleWeight())));
  }

  /** f_j − f_i [B, B, D]. */
  private static Tensor differences(Tensor features) {
    return features.unsqueeze(0).sub(features.unsqueeze(1));
  }

  /** d_ij/d̄ [B, B]. */
  private static Tensor distances(Tensor differences) {
    Tensor squares = differences.square().sum(2).clamp_min(new Scalar(SMALLEST_SQUARE));
    Tensor apart = torch.ones_like(squares.detach()).fill_diagonal_(new Scalar(0.0));
    double pairs = (double) squares.numel() - squares.size(0);
    Tensor distances = squares.sqrt().mul(apart);
    return distances.div(distances.sum().div(new Scalar(pairs)));
  }

  /** Cosines of the angles at corner i between any two others, [B, B, B]. */
  private static Tensor cosines(Tensor differences) {
    long rows = differences.size(0);
    Tensor unit =
        Composition.normalized(differences.reshape(rows * rows, differences.size(2)))
            .reshape(rows, rows, differences.size(2));
    return unit.bmm(unit.transpose(1, 2));
  }
}
