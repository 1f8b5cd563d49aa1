package org.crossdistill.kernel;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.kernel.binding.cd_quality;

/** The kernels of quality weights on raw pointers of the CPU; otherwise as in {@link Kernels}. */
public final class QualityKernels {

  private QualityKernels() {}

  /**
   * Calls {@code cd_row_norms}.
   *
   * @param dtype of x
   * @param rows B
   * @param dim D
   * @param x [B, D]
   * @param norms [B] of A, written
   */
  public static void rowNorms(
      DType dtype, long rows, long dim, Matrix x, Pointer norms, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_row_norms(dtype.code(), rows, dim, x.data(), x.stride(), norms, threads));
  }

  /**
   * How qualities become weights.
   *
   * @param mode one of {@code CD_QUALITY_*}
   * @param slope k
   * @param h factor of the standardised quality
   * @param alpha share of a batch in the running statistics
   */
  public record QualityRule(int mode, double slope, double h, double alpha) {}

  /** How many numbers the running statistics of qualities are. */
  public static final int QUALITY_STATISTICS = Crossdistill.CD_QUALITY_STATISTICS;

  /**
   * Calls {@code cd_quality_weights}.
   *
   * @param dtype of the qualities
   * @param rows B
   * @param qualityStudent [B]
   * @param qualityTeacher [B]
   * @param update whether the batch changes the statistics
   * @param statistics f64 [{@link #QUALITY_STATISTICS}], read and written: mean and deviation of
   *     the student, of the teacher, and 1 once they hold a batch, else 0
   * @param weights [B] of A, written
   */
  public static void qualityWeights(
      DType dtype,
      long rows,
      Pointer qualityStudent,
      Pointer qualityTeacher,
      QualityRule rule,
      boolean update,
      Pointer statistics,
      Pointer weights) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_quality_weights(
            dtype.code(),
            rows,
            qualityStudent,
            qualityTeacher,
            rule.mode,
            rule.slope,
            rule.h,
            rule.alpha,
            update ? 1 : 0,
            new DoublePointer(statistics),
            weights));
  }

  /**
   * How quality weighs the rows of a classifier's first row set; as in {@link #qualityWeights} what
   * is not told here.
   *
   * @param rule that makes w of the norms
   * @param update whether the batch changes the statistics
   * @param offset of a row's factor offset + factor·w
   * @param factor of the quality's weight w in it
   * @param statistics f64, read and written
   * @param weights w [B] of A, written
   */
  public record RowQuality(
      QualityRule rule,
      boolean update,
      double offset,
      double factor,
      Pointer statistics,
      Pointer weights) {

    /** The struct of the C interface, which the caller closes; null for none. */
    static cd_quality structOrNull(RowQuality quality) {
      if (quality == null) {
        return null;
      }
      return new cd_quality()
          .mode(quality.rule.mode)
          .update(quality.update ? 1 : 0)
          .slope(quality.rule.slope)
          .h(quality.rule.h)
          .alpha(quality.rule.alpha)
          .offset(quality.offset)
          .factor(quality.factor)
          .statistics(new DoublePointer(quality.statistics))
          .weights(quality.weights);
    }
  }

  /**
   * One side's embeddings, and where their lengths go.
   *
   * @param rows [B, dim]
   * @param dim D_s or D_t
   * @param norms [B] of A, written
   */
  public record Embeddings(Matrix rows, long dim, Pointer norms) {}

  /**
   * Weights from embeddings; what is not told here is as in {@link #qualityWeights}.
   *
   * @param dtype of the embeddings
   * @param rows B
   */
  public record EmbeddingWeights(
      DType dtype,
      long rows,
      Embeddings student,
      Embeddings teacher,
      QualityRule rule,
      boolean update,
      Pointer statistics,
      Pointer weights) {}

  /** Calls {@code cd_embedding_weights}: both sides' norms and the weights from them. */
  public static void embeddingWeights(EmbeddingWeights call, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_embedding_weights(
            call.dtype.code(),
            call.rows,
            call.student.dim,
            call.teacher.dim,
            call.student.rows.data(),
            call.student.rows.stride(),
            call.teacher.rows.data(),
            call.teacher.rows.stride(),
            call.rule.mode,
            call.rule.slope,
            call.rule.h,
            call.rule.alpha,
            call.update ? 1 : 0,
            new DoublePointer(call.statistics),
            call.student.norms,
            call.teacher.norms,
            call.weights,
            threads));
  }
}
