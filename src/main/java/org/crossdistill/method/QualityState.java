package org.crossdistill.method;

import org.bytedeco.pytorch.Tensor;
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
    try {
      return student == null && teacher == null
          ? weights.ofEmbeddings(s, e, training())
          : weights.forward(
              student == null ? weights.norms(s) : student,
              teacher == null ? weights.norms(e) : teacher,
              training());
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
