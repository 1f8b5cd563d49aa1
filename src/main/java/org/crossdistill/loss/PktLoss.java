package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Probabilistic knowledge transfer (Passalis and Tefas, ECCV 2018, <a
 * href="https://arxiv.org/abs/1803.10837">arXiv:1803.10837</a>): the probability of picking a
 * neighbour shall be alike. Student and teacher may differ in size.
 *
 * <pre>
 * S_ij = (cos(f_i, f_j) + 1)/2,   P_ij = S_ij / Σ_j S_ij                     [B, B]
 * L = mean_ij P^t_ij·log((P^t_ij + ε)/(P^s_ij + ε)),   ε = 1e-7
 * </pre>
 *
 * <p>A mean, not a sum, hence the large weights that go with it.
 */
public final class PktLoss extends SimilarityLoss {

  private static final double EPSILON = 1e-7;

  /** This loss has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  /**
   * For features [B, D] and [B, E], B ≤ 65 536, with the kernel on a CPU where that is active,
   * otherwise with the reference composition.
   *
   * @throws TensorException for null
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public PktLoss(Options options) {
    super(Crossdistill.CD_SIMILARITY_PKT);
    Arguments.given("options", options);
  }

  /**
   * The same on a certain backend, never another.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public PktLoss(Options options, Backend backend) {
    super("pkt", Crossdistill.CD_SIMILARITY_PKT, backend);
    Arguments.given("options", options);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    Tensor q = neighbours(student);
    Tensor p = neighbours(teacher);
    Tensor ratio = p.add(new Scalar(EPSILON)).div(q.add(new Scalar(EPSILON)));
    return p.mul(ratio.log()).mean();
  }

  private static Tensor neighbours(Tensor features) {
    Tensor unit = Composition.normalized(features);
    Tensor similarities = unit.matmul(unit.t()).add(new Scalar(1.0)).div(new Scalar(2.0));
    return similarities.div(Composition.sumOfColumns(similarities).unsqueeze(1));
  }
}
