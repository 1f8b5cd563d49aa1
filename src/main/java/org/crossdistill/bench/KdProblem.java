package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.loss.KdLoss;
import org.crossdistill.loss.KdLoss.Options;
import org.crossdistill.loss.KdLoss.Output;
import org.crossdistill.loss.KdLoss.Target;

/** The temperature divergence and the student's gradient; B x C. */
final class KdProblem extends LogitProblem {

  private static final EnumSet<Output> GRADIENTS = EnumSet.of(Output.GRAD_STUDENT);

  private final Options options;

  private KdProblem(
      Options options, DType dtype, Tensor student, Tensor teacher, Tensor labelsOrNull) {
    super(dtype, student, teacher, labelsOrNull);
    this.options = options;
  }

  static KdProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new KdProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]),
        options.target() == Target.KEPT ? null : inputs.labels(sizes[0], sizes[1]));
  }

  @Override
  LogitProblem with(DType type, Tensor student, Tensor teacher, Tensor labelsOrNull) {
    return new KdProblem(options, type, student, teacher, labelsOrNull);
  }

  @Override
  public void call(int threads) {
    LogitKernels.Inputs in = read(options.temperature(), options.reduction());
    LogitKernels.kd(in, options.target().code(), written(), threads);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(
        new KdLoss(options, Backend.REFERENCE)
            .forward(student, teacher, labelsOrNull, null, 1, GRADIENTS)
            .gradStudent());
  }
}
