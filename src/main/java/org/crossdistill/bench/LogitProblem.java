package org.crossdistill.bench;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.loss.Reduction;

/**
 * A loss on the logits of student and teacher, with the student's gradient, as training asks for
 * it; B x C.
 *
 * @param loss what is measured
 * @param dtype of all but the value
 * @param student [B, C]
 * @param teacher [B, C]
 * @param labelsOrNull [B]
 * @param value written by the call
 * @param gradStudent written by the call
 */
record LogitProblem(
    Loss loss,
    DType dtype,
    Tensor student,
    Tensor teacher,
    Tensor labelsOrNull,
    Tensor value,
    Tensor gradStudent)
    implements Problem {

  /**
   * A loss to measure.
   *
   * @param kernel with its options but the temperature
   * @param composition of the same loss
   */
  record Loss(
      double temperature,
      Reduction reduction,
      boolean needsLabels,
      Kernel kernel,
      Composition composition) {}

  /** Calls a kernel. */
  interface Kernel {
    void call(LogitKernels.Inputs in, LogitKernels.Outputs out, int threads);
  }

  /** The student's gradient by LibTorch's operators. */
  interface Composition {
    Tensor gradStudent(Tensor student, Tensor teacher, Tensor labelsOrNull);
  }

  private static LogitProblem of(
      Loss loss, DType dtype, Tensor student, Tensor teacher, Tensor labelsOrNull) {
    return new LogitProblem(
        loss,
        dtype,
        student,
        teacher,
        labelsOrNull,
        Inputs.blank(dtype.accumulation(), 1),
        Inputs.blankLike(student));
  }

  static LogitProblem of(Loss loss, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return of(
        loss,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]),
        loss.needsLabels ? inputs.labels(sizes[0], sizes[1]) : null);
  }

  @Override
  public void call(int threads) {
    LogitKernels.Inputs in =
        new LogitKernels.Inputs(
            dtype,
            student.size(0),
            student.size(1),
            Inputs.matrix(student),
            Inputs.matrix(teacher),
            labelsOrNull == null ? null : labelsOrNull.data_ptr(),
            null,
            loss.temperature,
            loss.reduction.code(),
            1);
    LogitKernels.Outputs out =
        new LogitKernels.Outputs(
            value.data_ptr(), null, Inputs.matrix(gradStudent), Matrix.NONE, null);
    loss.kernel.call(in, out, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradStudent);
  }

  @Override
  public List<Tensor> reference() {
    return List.of(loss.composition.gradStudent(student, teacher, labelsOrNull));
  }

  @Override
  public Problem part(DType type) {
    long columns = student.size(1);
    return of(
        loss,
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
