package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Similarity-preserving distillation (Tung and Mori, ICCV 2019, <a
 * href="https://arxiv.org/abs/1907.09682">arXiv:1907.09682</a>). Student and teacher may differ in
 * size.
 *
 * <pre>
 * G = F·Fᵀ with rows divided by their lengths                                [B, B]
 * L = ‖G_s − G_t‖²_F / B²
 * </pre>
 */
public final class SpLoss extends SimilarityLoss {

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
  public SpLoss(Options options) {
    super(Crossdistill.CD_SIMILARITY_SP);
    Arguments.given("options", options);
  }

  /**
   * The same on a certain backend, never another.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public SpLoss(Options options, Backend backend) {
    super("sp", Crossdistill.CD_SIMILARITY_SP, backend);
    Arguments.given("options", options);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    double rows = student.size(0);
    return similarities(student)
        .sub(similarities(teacher))
        .square()
        .sum()
        .div(new Scalar(rows * rows));
  }

  private static Tensor similarities(Tensor features) {
    return Composition.normalized(features.matmul(features.t()));
  }
}
