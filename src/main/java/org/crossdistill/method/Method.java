package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Module;

/**
 * A way to train a student: it owns the networks beyond student and teacher, and says what a step
 * does with a batch, what trains, what is saved, and what remains for inference.
 *
 * <p>Not safe for use by several threads at once.
 */
public interface Method {

  /** The student: all that inference needs to embed a sample. */
  Backbone student();

  /** The classifier whose rows are the student's classes. */
  Classifier classifier();

  /** Everything that is saved, by name; {@code student} and {@code classifier} among it. */
  Map<String, Module> networks();

  /** What trains. */
  List<ParameterGroup> parameterGroups();

  /** Forward passes and losses of one step. The caller runs the objective's backward pass. */
  Objective step(Batch batch);

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
