package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.kernel.RelationKernels.PairInputs;
import org.crossdistill.kernel.RelationKernels.PairOutputs;
import org.crossdistill.loss.PairLoss;

/**
 * A loss that compares a whole batch of both sides, with the student's gradient, as training asks
 * for it; B x D.
 *
 * @param loss what is measured
 * @param dtype of all but the value
 * @param student [B, D]
 * @param teacher [B, D]
 * @param value written by the call
 * @param gradStudent written by the call
 */
record PairProblem(
    Loss loss, DType dtype, Tensor student, Tensor teacher, Tensor value, Tensor gradStudent)
    implements Problem {

  /**
   * A loss to measure.
   *
   * @param kernel with its options
   * @param composition of the same loss
   * @param largestArray elements of the largest array of the composition, of B and D
   */
  record Loss(Kernel kernel, PairLoss composition, LargestArray largestArray) {}

  /** Calls a kernel. */
  interface Kernel {
    void call(PairInputs in, PairOutputs out, int threads);
  }

  /** Elements, of B and D. */
  interface LargestArray {
    long of(long rows, long columns);
  }

  private static PairProblem of(Loss loss, DType dtype, Tensor student, Tensor teacher) {
    return new PairProblem(
        loss,
        dtype,
        student,
        teacher,
        Inputs.blank(dtype.accumulation(), 1),
        Inputs.blankLike(student));
  }

  static PairProblem of(Loss loss, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return of(
        loss,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]));
  }

  @Override
  public void call(int threads) {
    PairInputs in =
        new PairInputs(
            dtype,
            student.size(0),
            student.size(1),
            teacher.size(1),
            Inputs.matrix(student),
            Inputs.matrix(teacher),
            1);
    PairOutputs out = new PairOutputs(value.data_ptr(), Inputs.matrix(gradStudent), Matrix.NONE);
    loss.kernel.call(in, out, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradStudent);
  }

  @Override
  public List<Tensor> reference() {
    PairLoss.Result result =
        loss.composition.forward(student, teacher, 1, EnumSet.of(PairLoss.Output.GRAD_STUDENT));
    return List.of(result.gradStudent());
  }

  @Override
  public Problem part(DType type) {
    return of(loss, type, Inputs.as(type, student), Inputs.as(type, teacher));
  }

  @Override
  public Limit limit() {
    return Limit.NONE;
  }

  @Override
  public long bytes() {
    return 3 * student.numel() * dtype.bytes();
  }

  @Override
  public long largestArray() {
    return loss.largestArray.of(student.size(0), student.size(1));
  }
}
