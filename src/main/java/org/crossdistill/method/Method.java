package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Module;

/**
 * A way to train a student: it owns the networks beyond student and teacher, and says what a step
 * does with a batch, what trains, what is saved, and what remains for inference.
 *
 * <p>Not safe for use by several threads at once.
 */
public interface Method {

  /** What embeds a sample of the student's modality after the training. */
  Backbone student();

  /** What turns the student's embeddings into scores [B, C], the largest of which is the answer. */
  Layer classifier();

  /** Everything that is saved, by name; without a frozen teacher. */
  Map<String, Module> networks();

  /** What trains. */
  List<ParameterGroup> parameterGroups();

  /**
   * Whether the teacher's rows of a batch are those that are paired with the student's; otherwise
   * they are drawn on their own.
   */
  default boolean paired() {
    return true;
  }

  /**
   * What embeds and classifies the other modality's samples after the training; empty where the
   * method trains the student's modality alone.
   */
  default Optional<SingleModal> other() {
    return Optional.empty();
  }

  /**
   * A model of one modality.
   *
   * @param backbone inputs → embeddings [B, D]
   * @param classifier embeddings → scores [B, C], the largest of which is the answer
   */
  record SingleModal(Backbone backbone, Layer classifier) {}

  /**
   * Forward passes and losses of one step. The caller runs the objective's backward pass. What a
   * batch must hold beside {@code student().input()} [B, …] in f32 and {@code labels()} [B] in
   * int64, the method's {@link Need}s say; teacher rows of a {@linkplain #paired paired} method are
   * B, too.
   *
   * @param batch of B ≥ 1 rows; in training mode of B ≥ 2 for networks with batch norm
   * @throws org.crossdistill.nn.NetworkException if an input does not fit its network, and in
   *     training mode, if a batch norm gets a single row or dropout was given no randomness
   * @throws org.crossdistill.loss.TensorException naming an argument of a loss that is wrong, such
   *     as a label that is neither a class nor −100, or a batch of too few rows
   * @throws MethodException naming what the method reads and the batch does not hold
   * @throws NonFiniteException if a term cannot be computed from embeddings that are not finite
   */
  Objective step(Batch batch);

  /**
   * The forward passes of a step without its losses, to measure what they cost: what LibTorch makes
   * of a batch in a step, with the graph to the parameters. A classifier whose matrix a loss kernel
   * multiplies with is part of the loss.
   *
   * @param batch as for {@link #step}
   */
  default List<Tensor> outputs(Batch batch) {
    return List.of(student().forward(batch.studentInput()));
  }

  /**
   * The teacher's embeddings in the student's space, for matching and zero-shot recognition.
   *
   * @param teacherEmbedding [B, D_t], f32
   * @return [B, D], f32; empty where the method has no common space
   */
  default Optional<Tensor> project(Tensor teacherEmbedding) {
    return Optional.empty();
  }
}
