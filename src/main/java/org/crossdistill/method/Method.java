package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /** What the method cannot do without, beside inputs and labels. */
  Set<Need> needs();

  /** Forward passes and losses of one step. The caller runs the objective's backward pass. */
  Objective step(Batch batch);

  /** Something a batch must hold for a method. */
  enum Need {
    /** {@link Batch#teacherEmbedding()}. */
    TEACHER_EMBEDDING,
    /** {@link Batch#teacherLogits()}. */
    TEACHER_LOGITS
  }
}
