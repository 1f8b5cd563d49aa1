package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.kernel.RelationKernels;
import org.crossdistill.loss.PairLoss;

/**
 * Distillation on similarities with the student's gradient, as training asks for it; B x D.
 *
 * @param kind one of {@code CD_SIMILARITY_*}
 * @param composition of the same loss
 * @param dtype of all but the loss
 * @param student [B, D]
 * @param teacher [B, D]
 * @param loss written by the call
 * @param gradStudent written by the call
 */
record SimilarityProblem(
    int kind,
    PairLoss composition,
    DType dtype,
    Tensor student,
    Tensor teacher,
    Tensor loss,
    Tensor gradStudent)
    implements Problem {

  private static SimilarityProblem of(
      int kind, PairLoss composition, DType dtype, Tensor student, Tensor teacher) {
    return new SimilarityProblem(
        kind,
        composition,
        dtype,
        student,
        teacher,
        Inputs.blank(dtype.accumulation(), 1),
        Inputs.blankLike(student));
  }

  static SimilarityProblem of(int kind, PairLoss composition, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return of(
        kind,
        composition,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]));
  }

  @Override
  public void call(int threads) {
    RelationKernels.SimilarityInputs in =
        new RelationKernels.SimilarityInputs(
            dtype,
            kind,
            student.size(0),
            student.size(1),
            teacher.size(1),
            Inputs.matrix(student),
            Inputs.matrix(teacher),
            1);
    RelationKernels.PairOutputs out =
        new RelationKernels.PairOutputs(loss.data_ptr(), Inputs.matrix(gradStudent), Matrix.NONE);
    RelationKernels.similarity(in, out, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradStudent);
  }

  @Override
  public List<Tensor> reference() {
    PairLoss.Result result =
        composition.forward(student, teacher, 1, EnumSet.of(PairLoss.Output.GRAD_STUDENT));
    return List.of(result.gradStudent());
  }

  @Override
  public Problem part(DType type) {
    return of(kind, composition, type, Inputs.as(type, student), Inputs.as(type, teacher));
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
    return rows * Math.max(rows, student.size(1));
  }
}
