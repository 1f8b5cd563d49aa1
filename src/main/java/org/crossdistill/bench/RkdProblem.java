package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.kernel.RelationKernels;
import org.crossdistill.loss.PairLoss;
import org.crossdistill.loss.RkdLoss;

/** Relational distillation with the student's gradient, as training asks for it; B x D. */
final class RkdProblem implements Problem {

  private final RkdLoss.Options options;
  private final DType dtype;
  private final Tensor student;
  private final Tensor teacher;
  private final Tensor loss;
  private final Tensor gradStudent;

  private RkdProblem(RkdLoss.Options options, DType dtype, Tensor student, Tensor teacher) {
    this.options = options;
    this.dtype = dtype;
    this.student = student;
    this.teacher = teacher;
    loss = Inputs.blank(dtype.accumulation(), 1);
    gradStudent = Inputs.blankLike(student);
  }

  static RkdProblem of(RkdLoss.Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new RkdProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    RelationKernels.RkdInputs in =
        new RelationKernels.RkdInputs(
            dtype,
            student.size(0),
            student.size(1),
            teacher.size(1),
            Inputs.matrix(student),
            Inputs.matrix(teacher),
            options.distanceWeight(),
            options.angleWeight(),
            1);
    RelationKernels.PairOutputs out =
        new RelationKernels.PairOutputs(loss.data_ptr(), Inputs.matrix(gradStudent), Matrix.NONE);
    RelationKernels.rkd(in, out, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradStudent);
  }

  @Override
  public List<Tensor> reference() {
    PairLoss.Result result =
        new RkdLoss(options, Backend.REFERENCE)
            .forward(student, teacher, 1, EnumSet.of(PairLoss.Output.GRAD_STUDENT));
    return List.of(result.gradStudent());
  }

  @Override
  public Problem part(DType type) {
    return new RkdProblem(options, type, Inputs.as(type, student), Inputs.as(type, teacher));
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
    long rows = student.size(0);
    return rows * rows * Math.max(rows, student.size(1));
  }
}
