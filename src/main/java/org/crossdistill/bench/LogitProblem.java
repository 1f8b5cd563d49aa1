package org.crossdistill.bench;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.loss.Reduction;

/** A loss on the logits of student and teacher with the student's gradient; B x C. */
abstract class LogitProblem implements Problem {

  final DType dtype;
  final Tensor student;
  final Tensor teacher;
  final Tensor labelsOrNull;
  private final Tensor loss;
  private final Tensor gradStudent;

  LogitProblem(DType dtype, Tensor student, Tensor teacher, Tensor labelsOrNull) {
    this.dtype = dtype;
    this.student = student;
    this.teacher = teacher;
    this.labelsOrNull = labelsOrNull;
    loss = Inputs.blank(dtype.accumulation(), 1);
    gradStudent = Inputs.blankLike(student);
  }

  /** The same loss on other logits. */
  abstract LogitProblem with(DType type, Tensor student, Tensor teacher, Tensor labelsOrNull);

  /** What the kernel writes. */
  final LogitKernels.Outputs written() {
    return new LogitKernels.Outputs(
        loss.data_ptr(), null, Inputs.matrix(gradStudent), Matrix.NONE, null);
  }

  /** What the kernel reads. */
  final LogitKernels.Inputs read(double temperature, Reduction reduction) {
    return new LogitKernels.Inputs(
        dtype,
        student.size(0),
        student.size(1),
        Inputs.matrix(student),
        Inputs.matrix(teacher),
        labelsOrNull == null ? null : labelsOrNull.data_ptr(),
        null,
        temperature,
        reduction.code(),
        1);
  }

  @Override
  public final DType dtype() {
    return dtype;
  }

  @Override
  public final List<Tensor> outputs() {
    return List.of(gradStudent);
  }

  @Override
  public final Problem part(DType type) {
    long columns = student.size(1);
    return with(
        type,
        Inputs.as(type, Inputs.someRows(student, columns)),
        Inputs.as(type, Inputs.someRows(teacher, columns)),
        labelsOrNull == null ? null : Inputs.someRows(labelsOrNull, columns));
  }

  @Override
  public final long bytes() {
    return 3 * student.numel() * dtype.bytes();
  }

  @Override
  public final long largestArray() {
    return student.numel();
  }
}
