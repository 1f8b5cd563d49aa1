package org.crossdistill.bench;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.loss.KendallTau;

/** Kendall's rank correlation of each pair of rows; B x C. */
final class KendallTauProblem implements Problem {

  private final DType dtype;
  private final Tensor a;
  private final Tensor b;
  private final Tensor tau;

  private KendallTauProblem(DType dtype, Tensor a, Tensor b) {
    this.dtype = dtype;
    this.a = a;
    this.b = b;
    tau = Inputs.blank(dtype.accumulation(), a.size(0));
  }

  static KendallTauProblem of(DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new KendallTauProblem(
        dtype, inputs.normal(dtype, sizes[0], sizes[1]), inputs.normal(dtype, sizes[0], sizes[1]));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    LogitKernels.kendallTau(
        dtype, a.size(0), a.size(1), Inputs.matrix(a), Inputs.matrix(b), tau.data_ptr(), threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(tau);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(new KendallTau(Backend.REFERENCE).forward(a, b));
  }

  @Override
  public Problem part(DType type) {
    return new KendallTauProblem(type, Inputs.as(type, a), Inputs.as(type, b));
  }

  @Override
  public Limit limit() {
    return Limit.NONE;
  }

  @Override
  public long bytes() {
    return 2 * a.numel() * dtype.bytes();
  }

  @Override
  public long largestArray() {
    return a.size(1) * a.size(1);
  }
}
