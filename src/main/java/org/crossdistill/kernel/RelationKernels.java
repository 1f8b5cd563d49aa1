package org.crossdistill.kernel;

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
   * What relational distillation reads.
   *
   * @param dtype of the embeddings
   * @param rows B
   * @param studentDim D
   * @param teacherDim E
   * @param student [B, D]
   * @param teacher [B, E]
   * @param distanceWeight of the distances' loss
   * @param angleWeight of the angles' loss
   * @param gradScale factor of the gradients
   */
  public record RkdInputs(
      DType dtype,
      long rows,
      long studentDim,
      long teacherDim,
      Matrix student,
      Matrix teacher,
      double distanceWeight,
      double angleWeight,
      double gradScale) {}

  /**
   * What relational distillation writes.
   *
   * @param loss [1] of A
   * @param gradStudent [B, D], or none
   * @param gradTeacher [B, E], or none
   */
  public record RkdOutputs(Pointer loss, Matrix gradStudent, Matrix gradTeacher) {}

  /** Calls {@code cd_rkd}. */
  public static void rkd(RkdInputs in, RkdOutputs out, int threads) {
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
            in.distanceWeight,
            in.angleWeight,
            in.gradScale,
            out.loss,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            threads));
  }
}
