package org.crossdistill.kernel;

import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.QualityKernels.RowQuality;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.kernel.binding.cd_quality;
import org.crossdistill.kernel.binding.cd_row_set;

/**
 * The CPU kernels on raw pointers. Each method is one call of the C function of the same name,
 * whose contract in {@code crossdistill.h} holds here, too: what each array means, its shape and
 * type. A null pointer and {@link Matrix#NONE} stand for "not given" and "not wanted". Nothing but
 * null and the native library's own checks guards the pointers: sizes must be true.
 *
 * <p>Letters: B rows, C classes, D embedding size, A the {@linkplain DType#accumulation()
 * accumulation type}. {@code threads}: OpenMP threads, 0 = the process's default; the result does
 * not depend on it.
 *
 * <p>All methods throw {@link KernelException} if the library is missing or refuses the call; then
 * nothing has been written. Thread-safe.
 */
public final class Kernels {

  private Kernels() {}

  /**
   * What the soft-margin feature loss reads.
   *
   * @param dtype of the embeddings
   * @param rows B
   * @param dim D
   * @param student [B, D]
   * @param teacher [B, D]
   * @param weights [B] of A, or null for ones
   * @param distance one of {@code CD_DISTANCE_*}
   * @param margin tolerated distance
   * @param reduction {@code CD_MEAN}, {@code CD_WEIGHTED_MEAN} or {@code CD_SUM}
   * @param gradScale factor of the gradients
   */
  public record FeatureMarginInputs(
      DType dtype,
      long rows,
      long dim,
      Matrix student,
      Matrix teacher,
      Pointer weights,
      int distance,
      double margin,
      int reduction,
      double gradScale) {}

  /**
   * What the soft-margin feature loss writes.
   *
   * @param loss [1] of A
   * @param rowLosses [B] of A, or null
   * @param distances [B] of A, or null
   * @param gradStudent [B, D] of the embeddings' type, or none
   * @param gradTeacher [B, D] of the embeddings' type, or none
   * @param gradWeights [B] of A, or null
   */
  public record FeatureMarginOutputs(
      Pointer loss,
      Pointer rowLosses,
      Pointer distances,
      Matrix gradStudent,
      Matrix gradTeacher,
      Pointer gradWeights) {}

  /** Calls {@code cd_feature_margin}. */
  public static void featureMargin(FeatureMarginInputs in, FeatureMarginOutputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_feature_margin(
            in.dtype.code(),
            in.rows,
            in.dim,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            in.weights,
            in.distance,
            in.margin,
            in.reduction,
            in.gradScale,
            out.loss,
            out.rowLosses,
            out.distances,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            out.gradWeights,
            threads));
  }

  /**
   * The classifier that all row sets share, and how it is applied.
   *
   * @param dtype of embeddings and classifier
   * @param classes C
   * @param dim D
   * @param weight V [C, D]
   * @param bias [C], or null
   * @param kind one of {@code CD_CLASSIFIER_*}
   * @param scale of the cosines
   * @param margin of the target logit
   * @param easyMargin whether the margin holds only where the cosine is positive
   * @param reduction {@code CD_MEAN}, {@code CD_WEIGHTED_MEAN} or {@code CD_SUM}
   * @param gradWeight [C, D], or none
   * @param gradBias [C], or null
   */
  public record Classifier(
      DType dtype,
      long classes,
      long dim,
      Matrix weight,
      Pointer bias,
      int kind,
      double scale,
      double margin,
      boolean easyMargin,
      int reduction,
      Matrix gradWeight,
      Pointer gradBias) {}

  /**
   * Rows that share the classifier with other row sets.
   *
   * @param rows B
   * @param embeddings [B, D]
   * @param labels [B] of int64
   * @param weights [B] of A, or null for ones
   * @param gradScale factor of this set's gradients
   * @param loss [1] of A, written
   * @param rowLosses [B] of A, written, or null
   * @param hits [B] of bytes, written, or null
   * @param gradEmbeddings [B, D], written, or none
   * @param gradWeights [B] of A, written, or null
   */
  public record RowSet(
      long rows,
      Matrix embeddings,
      Pointer labels,
      Pointer weights,
      double gradScale,
      Pointer loss,
      Pointer rowLosses,
      Pointer hits,
      Matrix gradEmbeddings,
      Pointer gradWeights) {}

  /** Calls {@code cd_margin_classifier}. */
  public static void marginClassifier(
      Classifier classifier, List<RowSet> rowSets, RowQuality qualityOrNull, int threads) {
    NativeLibrary.require();
    try (cd_row_set sets = rowSets(rowSets);
        cd_quality quality = RowQuality.structOrNull(qualityOrNull)) {
      Status.check(
          Crossdistill.cd_margin_classifier(
              classifier.dtype.code(),
              classifier.classes,
              classifier.dim,
              classifier.weight.data(),
              classifier.weight.stride(),
              classifier.bias,
              sets,
              rowSets.size(),
              quality,
              classifier.kind,
              classifier.scale,
              classifier.margin,
              classifier.easyMargin ? 1 : 0,
              classifier.reduction,
              classifier.gradWeight.data(),
              classifier.gradWeight.stride(),
              classifier.gradBias,
              threads));
    }
  }

  static cd_row_set rowSets(List<RowSet> rowSets) {
    cd_row_set array = new cd_row_set(rowSets.size());
    for (int i = 0; i < rowSets.size(); i++) {
      RowSet set = rowSets.get(i);
      array
          .position(i)
          .rows(set.rows)
          .embeddings(set.embeddings.data())
          .embeddings_stride(set.embeddings.stride())
          .labels(new LongPointer(set.labels))
          .weights_or_null(set.weights)
          .grad_scale(set.gradScale)
          .loss(set.loss)
          .row_losses_or_null(set.rowLosses)
          .hits_or_null(new BytePointer(set.hits))
          .grad_embeddings_or_null(set.gradEmbeddings.data())
          .grad_embeddings_stride(set.gradEmbeddings.stride())
          .grad_weights_or_null(set.gradWeights);
    }
    return array.position(0);
  }
}
