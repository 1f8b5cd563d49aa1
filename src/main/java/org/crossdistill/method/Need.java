package org.crossdistill.method;

/** Something that a method cannot do without, beside inputs and labels. */
public enum Need {
  /** {@link Batch#teacherEmbedding()}. */
  TEACHER_EMBEDDING,
  /** {@link Batch#teacherLogits()}. */
  TEACHER_LOGITS,
  /** {@link MethodContext#teacherClassifier()}. */
  TEACHER_CLASSIFIER
}
