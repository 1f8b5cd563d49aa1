package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.loss.LogitLoss.Output;
import org.crossdistill.loss.LskdLoss;
import org.crossdistill.loss.LskdLoss.Options;

/** Distillation on standardised logits and the student's gradient; B x C. */
final class LskdProblem extends LogitProblem {

  private static final EnumSet<Output> GRADIENTS = EnumSet.of(Output.GRAD_STUDENT);

  private final Options options;

  private LskdProblem(Options options, DType dtype, Tensor student, Tensor teacher) {
    super(dtype, student, teacher, null);
    this.options = options;
  }

  static LskdProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new LskdProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]));
  }

  @Override
  LogitProblem with(DType type, Tensor student, Tensor teacher, Tensor labelsOrNull) {
    return new LskdProblem(options, type, student, teacher);
  }

  @Override
  public void call(int threads) {
    LogitKernels.Inputs in = read(options.temperature(), options.reduction());
    LogitKernels.lskd(in, written(), threads);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(
        new LskdLoss(options, Backend.REFERENCE)
            .forward(student, teacher, null, null, 1, GRADIENTS)
            .gradStudent());
  }
}
