package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.loss.LogitLoss.Output;
import org.crossdistill.loss.NkdLoss;
import org.crossdistill.loss.NkdLoss.Options;

/** Normalised distillation and the student's gradient; B x C. */
final class NkdProblem extends LogitProblem {

  private static final EnumSet<Output> GRADIENTS = EnumSet.of(Output.GRAD_STUDENT);

  private final Options options;

  private NkdProblem(Options options, DType dtype, Tensor student, Tensor teacher, Tensor labels) {
    super(dtype, student, teacher, labels);
    this.options = options;
  }

  static NkdProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new NkdProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.labels(sizes[0], sizes[1]));
  }

  @Override
  LogitProblem with(DType type, Tensor student, Tensor teacher, Tensor labels) {
    return new NkdProblem(options, type, student, teacher, labels);
  }

  @Override
  public void call(int threads) {
    LogitKernels.Inputs in = read(options.temperature(), options.reduction());
    LogitKernels.nkd(in, options.gamma(), written(), threads);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(
        new NkdLoss(options, Backend.REFERENCE)
            .forward(student, teacher, labelsOrNull, null, 1, GRADIENTS)
            .gradStudent());
  }
}
