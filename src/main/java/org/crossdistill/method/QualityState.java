package org.crossdistill.method;

import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.QualityWeighting;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.TensorException;
import org.crossdistill.nn.Module;

/** The quality weights, with their running statistics among what is saved. */
final class QualityState extends Module {

  private final QualityWeights weights;

  QualityState(QualityWeights.Options options) {
    weights = new QualityWeights(options);
    buffer("statistics", weights.statistics());
  }

  /**
   * Weights of a batch's rows by the qualities that the user measured, or else by the norms of the
   * embeddings, detached.
   *
   * @param s the student's embeddings [B, D]
   * @param e the teacher's, before the head [B, D_t]
   * @return w [B]
   * @throws NonFiniteException if an embedding is not finite
   */
  Tensor weights(Tensor s, Tensor e, Batch batch) {
    Tensor student = batch.student().quality();
    Tensor teacher = batch.teacher().quality();
    return requireFinite(
        s,
        e,
        () ->
            isByNorms(batch)
                ? weights.ofEmbeddings(s, e, training())
                : weights.forward(
                    student == null ? weights.norms(s) : student,
                    teacher == null ? weights.norms(e) : teacher,
                    training()));
  }

  /** Whether norms of embeddings are the qualities of both sides. */
  static boolean isByNorms(Batch batch) {
    return batch.student().quality() == null && batch.teacher().quality() == null;
  }

  /** The weights w of a batch by norms, for a classifier whose rows weigh offset + factor·w. */
  QualityWeighting weighting(double offset, double factor) {
    return new QualityWeighting(weights, training(), offset, factor);
  }

  /**
   * The value of a call that makes weights of the embeddings s and e, and perhaps more.
   *
   * @throws NonFiniteException if it refuses something and an embedding is not finite
   */
  static <T> T requireFinite(Tensor s, Tensor e, Supplier<T> call) {
    try {
      return call.get();
    } catch (TensorException refused) {
      if (finite(s) && finite(e)) {
        throw refused;
      }
      throw new NonFiniteException("weight", refused);
    }
  }

  private static boolean finite(Tensor tensor) {
    return tensor.isfinite().all().item_bool();
  }
}
