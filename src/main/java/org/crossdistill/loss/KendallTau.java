package org.crossdistill.loss;

import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Kendall's rank correlation τ-b of two rows of values (Kendall, 1945): how far they order their
 * columns alike, from −1 to 1, with ties counted exactly.
 *
 * <pre>
 * τ = Σ_{j<k} sgn(a_j − a_k)·sgn(b_j − b_k) / √(n_a·n_b),   n_x = number of pairs that differ in x
 * </pre>
 *
 * <p>NaN where a row is constant, holds a NaN or has one column. Not differentiable. Thread-safe.
 */
public final class KendallTau {

  /** It has no options. */
  public record Options() {

    /** The only value. */
    public static Options defaults() {
      return new Options();
    }
  }

  public KendallTau(Options options) {
    Arguments.given("options", options);
  }

  /**
   * τ of each pair of rows.
   *
   * @param a [B, C] in f64, f32, bf16 or f16
   * @param b of a's shape, type and device
   * @return [B] of A, which is f64 for f64 inputs and otherwise f32
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor forward(Tensor a, Tensor b) {
    Arguments.embeddings("a", a);
    Arguments.same("b", b, "a", a);
    ScalarType type = DTypes.scalarType(DTypes.of(a).accumulation());
    try (Results results = new Results();
        NoGradGuard noGrad = new NoGradGuard()) {
      TensorVector rows = new TensorVector();
      for (long row = 0; row < a.size(0); row++) {
        rows.push_back(tau(signs(a.select(0, row)), signs(b.select(0, row))));
      }
      return results.keep(rows.empty() ? a.new_zeros(0).to(type) : torch.stack(rows).to(type));
    }
  }

  /** sgn(x_j − x_k) [C, C] in f64, in which the counts are exact. */
  private static Tensor signs(Tensor row) {
    Tensor wide = row.to(ScalarType.Double);
    // Comparisons rather than a difference: those of two infinities are still ordered.
    Tensor greater = wide.unsqueeze(1).gt(wide.unsqueeze(0)).to(ScalarType.Double);
    Tensor signs = greater.sub(greater.t());
    boolean unordered = wide.isnan().any().item_bool();
    return unordered ? signs.mul(new Scalar(Double.NaN)) : signs;
  }

  private static Tensor tau(Tensor a, Tensor b) {
    return a.mul(b).sum().div(a.square().sum().sqrt()).div(b.square().sum().sqrt());
  }
}
