package org.crossdistill.nn;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A text teacher that needs no labels: latent semantic analysis (Deerwester et al., 1990). Feature
 * rows are centred, projected on the leading right singular vectors of the fitted rows, each
 * component divided by the square root of its singular value, and all scaled so that the fitted
 * rows have a mean length of {@value #MEAN_NORM}.
 *
 * <p>Immutable; safe for use by several threads.
 */
public final class TextEmbedding {

  private static final double MEAN_NORM = 10;
  private static final double SMALLEST_RATIO = 1e-6;

  private final Tensor mean;
  private final Tensor projection;

  private TextEmbedding(Tensor mean, Tensor projection) {
    this.mean = mean;
    this.projection = projection;
    mean.retainReference();
    projection.retainReference();
  }

  /**
   * Fits the embedding.
   *
   * @param rows features of the texts to fit on, [n][features]
   * @param size D of the embeddings, ≥ 1
   * @throws NetworkException if the rows have fewer than {@code size} independent directions
   */
  public static TextEmbedding fit(float[][] rows, int size) {
    LayerInput.size("teacher.embedding", size);
    if (rows.length < size) {
      throw tooFew(size, rows.length);
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor x = Tensors.of(rows).to(torch.ScalarType.Double); // [n, F]
      Tensor mean = x.mean(0);
      Tensor centred = x.sub(mean);
      // X = U S Vᵀ by the smaller problem X Xᵀ = U S² Uᵀ, whose values come in ascending order.
      T_TensorTensor_T eigen = torch.linalg_eigh(centred.matmul(centred.t()));
      Tensor u = eigen.get1().narrow(1, rows.length - size, size); // [n, D]
      Tensor s = eigen.get0().narrow(0, rows.length - size, size).clamp_min(new Scalar(0)).sqrt();
      // With ≤ rows that are all the same are too few, too: they have no direction at all.
      if (s.min().item_double() <= SMALLEST_RATIO * s.max().item_double()) {
        throw tooFew(size, rows.length);
      }
      u = u.mul(signs(u));
      Tensor projection = centred.t().matmul(u).div(s).div(s.sqrt()); // V / √S, [F, D]
      Tensor norms = centred.matmul(projection).square().sum(1).sqrt();
      projection.mul_(new Scalar(MEAN_NORM / norms.mean().item_double()));
      return new TextEmbedding(mean, projection);
    }
  }

  private static NetworkException tooFew(int size, int rows) {
    return new NetworkException(
        "teacher.embedding: expected samples with at least "
            + size
            + " independent directions, found fewer in "
            + rows
            + " samples; lower it or use more data");
  }

  /** ±1 per column, so that its largest value in magnitude becomes positive: one sign of two. */
  private static Tensor signs(Tensor u) {
    Tensor largest = u.abs().argmax(new LongOptional(0), true); // [1, D]
    return u.gather(0, largest).sign();
  }

  /**
   * Embeddings of texts: features [n][F] → [n][D].
   *
   * @throws NetworkException if there are no rows, or they have other features than those fitted
   */
  public float[][] embed(float[][] rows) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor x = Tensors.of(rows);
      LayerInput.rows("text embedding", x, mean.size(0));
      return Tensors.rows(x.to(torch.ScalarType.Double).sub(mean).matmul(projection));
    }
  }
}
