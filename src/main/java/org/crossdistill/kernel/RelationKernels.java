package org.crossdistill.kernel;

import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * The CPU kernels of distillation on relations between samples, on raw pointers; as in {@link
 * Kernels}. Letters: B rows, D and E embedding sizes, A the {@linkplain DType#accumulation()
 * accumulation type}.
 */
public final class RelationKernels {

  private RelationKernels() {}

  /**
   * What the kernels read that compare a whole batch of both sides, beside their own options.
   *
   * @param dtype of both sides
   * @param rows B
   * @param studentDim D; of logits both are C
   * @param teacherDim E
   * @param student [B, D]
   * @param teacher [B, E]
   * @param gradScale factor of the gradients
   */
  public record PairInputs(
      DType dtype,
      long rows,
      long studentDim,
      long teacherDim,
      Matrix student,
      Matrix teacher,
      double gradScale) {}

  /**
   * What the kernels write that compare a whole batch of both sides.
   *
   * @param loss [1] of A
   * @param gradStudent like the student, or none
   * @param gradTeacher like the teacher, or none
   */
  public record PairOutputs(Pointer loss, Matrix gradStudent, Matrix gradTeacher) {}

  /**
   * What noise-contrastive estimation reads.
   *
   * @param dtype of embeddings and memory
   * @param rows B
   * @param candidates K, the same for all rows
   * @param dim D
   * @param embeddings [B, D]
   * @param memory the candidates [K, D]
   * @param own which candidate is a row's own, [B], int64
   * @param counts how often each counts, [B, K] of A; none = once
   * @param temperature of the similarities
   * @param normaliser of their exponentials
   * @param negatives drawn for each row
   * @param samples that they were drawn from
   * @param gradScale factor of the gradient
   */
  public record CrdInputs(
      DType dtype,
      long rows,
      long candidates,
      long dim,
      Matrix embeddings,
      Matrix memory,
      Pointer own,
      Matrix counts,
      double temperature,
      double normaliser,
      long negatives,
      long samples,
      double gradScale) {}

  /**
   * What noise-contrastive estimation writes.
   *
   * @param loss [1] of A
   * @param gradEmbeddings [B, D], or none
   */
  public record CrdOutputs(Pointer loss, Matrix gradEmbeddings) {}

  /** Calls {@code cd_crd}. */
  public static void crd(CrdInputs in, CrdOutputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_crd(
            in.dtype.code(),
            in.rows,
            in.candidates,
            in.dim,
            in.embeddings.data(),
            in.embeddings.stride(),
            in.memory.data(),
            in.memory.stride(),
            new LongPointer(in.own),
            in.counts.data(),
            in.counts.stride(),
            in.temperature,
            in.normaliser,
            in.negatives,
            in.samples,
            in.gradScale,
            out.loss,
            out.gradEmbeddings.data(),
            out.gradEmbeddings.stride(),
            threads));
  }

  /**
   * Calls {@code cd_rkd}.
   *
   * @param distanceWeight of the distances' loss
   * @param angleWeight of the angles' loss
   */
  public static void rkd(
      PairInputs in, double distanceWeight, double angleWeight, PairOutputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_rkd(
            in.dtype.code(),
            in.rows,
            in.studentDim,
            in.teacherDim,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            distanceWeight,
            angleWeight,
            in.gradScale,
            out.loss,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            threads));
  }

  /**
   * Calls {@code cd_similarity}.
   *
   * @param kind one of {@code CD_SIMILARITY_*}
   */
  public static void similarity(PairInputs in, int kind, PairOutputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_similarity(
            in.dtype.code(),
            kind,
            in.rows,
            in.studentDim,
            in.teacherDim,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            in.gradScale,
            out.loss,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            threads));
  }

  /**
   * Calls {@code cd_dist}.
   *
   * @param beta weight of the rows' correlations
   * @param gamma weight of the classes' correlations
   * @param temperature of the softmax
   */
  public static void dist(
      PairInputs in, double beta, double gamma, double temperature, PairOutputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_dist(
            in.dtype.code(),
            in.rows,
            in.studentDim,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            beta,
            gamma,
            temperature,
            in.gradScale,
            out.loss,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            threads));
  }
}
