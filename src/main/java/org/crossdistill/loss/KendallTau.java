package org.crossdistill.loss;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.kernel.Matrix;

/**
 * How far two networks order the classes of each row alike: Kendall's rank correlation τ-b
 * (Biometrika 33, 1945), (concordant − discordant pairs) / √((pairs not tied in a)·(pairs not tied
 * in b)), from −1 to 1. NaN for a row that is constant, holds a NaN or has one class. Counts are
 * exact. It has no gradient.
 *
 * <p>Immutable and thread-safe; inputs are never changed.
 */
public final class KendallTau {

  private final Backend backendOrNull;

  /**
   * On the backend that is active here (see {@link org.crossdistill.kernel.Backends}).
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public KendallTau() {
    this.backendOrNull = Placement.automatic();
  }

  /**
   * On a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public KendallTau(Backend backend) {
    this.backendOrNull = Placement.required(backend);
  }

  /**
   * τ-b of each pair of rows.
   *
   * @param a [B, C] in f64, f32, bf16 or f16, C at least 1
   * @param b of a's shape, type and device
   * @return [B], f64 for f64 rows, otherwise f32
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor forward(Tensor a, Tensor b) {
    DType dtype = Arguments.logits("a", a);
    Arguments.same("b", b, "a", a);
    if (Placement.backend(backendOrNull, "a", a) == Backend.REFERENCE) {
      return reference(a, b, DTypes.scalarType(dtype.accumulation()));
    }
    long rows = a.size(0);
    Tensor tau = Blank.tensor(a, dtype.accumulation(), rows);
    try (NativeArray first = NativeArray.matrix(a);
        NativeArray second = NativeArray.matrix(b)) {
      long classes = a.size(1);
      Matrix left = first.matrix();
      Matrix right = second.matrix();
      Pointer out = Blank.data(tau);
      NativeCall.run(
          a,
          threads -> LogitKernels.kendallTau(dtype, rows, classes, left, right, out, threads),
          launch -> CudaKernels.kendallTau(dtype, rows, classes, left, right, out, launch));
    }
    return tau;
  }

  /** Composed of LibTorch operations, row by row: one row needs C² numbers. */
  static Tensor reference(Tensor a, Tensor b, ScalarType type) {
    try (Results results = new Results()) {
      Tensor tau = a.detach().new_zeros(a.size(0)).to(type);
      for (long i = 0; i < a.size(0); i++) {
        try (PointerScope row = new PointerScope()) {
          Tensor signsA = signs(a.detach().select(0, i));
          Tensor signsB = signs(b.detach().select(0, i));
          Tensor ordered = signsA.square().sum().mul(signsB.square().sum());
          tau.select(0, i).copy_(signsA.mul(signsB).sum().div(ordered.sqrt()));
        }
      }
      return results.keep(tau);
    }
  }

  /** The sign of the difference of each pair, [C, C] of f64; NaN at a NaN. */
  private static Tensor signs(Tensor row) {
    Tensor first = row.unsqueeze(1);
    Tensor second = row.unsqueeze(0);
    Tensor above = first.gt(second).to(ScalarType.Double);
    Tensor below = first.lt(second).to(ScalarType.Double);
    Scalar nan = new Scalar(Double.NaN);
    return above.sub(below).masked_fill(row.isnan().unsqueeze(1), nan);
  }
}
