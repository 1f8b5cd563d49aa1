package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.loss.KdLoss;
import org.crossdistill.loss.KdLoss.Options;
import org.crossdistill.loss.KdLoss.Output;
import org.crossdistill.loss.KdLoss.Target;

/** The temperature divergence and the student's gradient; B x C. */
final class KdProblem implements Problem {

  private static final EnumSet<Output> GRADIENTS = EnumSet.of(Output.GRAD_STUDENT);

  private final Options options;
  private final DType dtype;
  private final Tensor student;
  private final Tensor teacher;
  private final Tensor labelsOrNull;
  private final Tensor loss;
  private final Tensor gradStudent;

  private KdProblem(
      Options options, DType dtype, Tensor student, Tensor teacher, Tensor labelsOrNull) {
    this.options = options;
    this.dtype = dtype;
    this.student = student;
    this.teacher = teacher;
    this.labelsOrNull = labelsOrNull;
    loss = Inputs.blank(dtype.accumulation(), 1);
    gradStudent = Inputs.blankLike(student);
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
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    LogitKernels.KdInputs in =
        new LogitKernels.KdInputs(
            dtype,
            student.size(0),
            student.size(1),
            Inputs.matrix(student),
            Inputs.matrix(teacher),
            labelsOrNull == null ? null : labelsOrNull.data_ptr(),
            null,
            options.target().code(),
            options.temperature(),
            options.reduction().code(),
            1);
    LogitKernels.KdOutputs out =
        new LogitKernels.KdOutputs(
            loss.data_ptr(), null, Inputs.matrix(gradStudent), Matrix.NONE, null);
    LogitKernels.kd(in, out, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradStudent);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(
        new KdLoss(options, Backend.REFERENCE)
            .forward(student, teacher, labelsOrNull, null, 1, GRADIENTS)
            .gradStudent());
  }

  @Override
  public Problem part(DType type) {
    long columns = student.size(1);
    return new KdProblem(
        options,
        type,
        Inputs.as(type, Inputs.someRows(student, columns)),
        Inputs.as(type, Inputs.someRows(teacher, columns)),
        labelsOrNull == null ? null : Inputs.someRows(labelsOrNull, columns));
  }

  @Override
  public long bytes() {
    return 3 * student.numel() * dtype.bytes();
  }

  @Override
  public long largestArray() {
    return student.numel();
  }
}
