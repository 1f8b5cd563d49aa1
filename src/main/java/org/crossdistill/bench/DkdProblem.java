package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.loss.DkdLoss;
import org.crossdistill.loss.DkdLoss.Options;
import org.crossdistill.loss.LogitLoss.Output;

/** Decoupled distillation and the student's gradient; B x C. */
final class DkdProblem extends LogitProblem {

  private static final EnumSet<Output> GRADIENTS = EnumSet.of(Output.GRAD_STUDENT);

  private final Options options;

  private DkdProblem(Options options, DType dtype, Tensor student, Tensor teacher, Tensor labels) {
    super(dtype, student, teacher, labels);
    this.options = options;
  }

  static DkdProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new DkdProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.labels(sizes[0], sizes[1]));
  }

  @Override
  LogitProblem with(DType type, Tensor student, Tensor teacher, Tensor labels) {
    return new DkdProblem(options, type, student, teacher, labels);
  }

  @Override
  public void call(int threads) {
    LogitKernels.Inputs in = read(options.temperature(), options.reduction());
    LogitKernels.dkd(in, options.alpha(), options.beta(), written(), threads);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(
        new DkdLoss(options, Backend.REFERENCE)
            .forward(student, teacher, labelsOrNull, null, 1, GRADIENTS)
            .gradStudent());
  }
}
