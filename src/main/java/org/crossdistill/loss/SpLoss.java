package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

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
public final class SpLoss extends RelationalLoss {

  /** This loss has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  /** With the only options that there are; null is a {@link TensorException}. */
  public SpLoss(Options options) {
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
