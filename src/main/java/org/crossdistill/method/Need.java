package org.crossdistill.method;

/**
 * Something that a method cannot do without, beside the student's inputs; in the order in which
 * what is missing is named.
 */
public enum Need {
  /** A partner in the other modality for every training sample of the student's. */
  PAIRS("pairs of both modalities"),
  /** A label on every training sample. */
  LABELS("a label on every training sample"),
  /** {@link Batch.Side#embedding()} of the teacher's side. */
  TEACHER_EMBEDDING("embeddings of a teacher"),
  /** {@link Batch.Side#logits()} of the teacher's side. */
  TEACHER_LOGITS("a teacher with a classifier"),
  /** {@link MethodContext.Teacher#classifier()}. */
  TEACHER_CLASSIFIER("a teacher with a classifier"),
  /** {@link MethodContext.Teacher#backbone()} and {@link Batch.Side#input()} for it. */
  TEACHER_BACKBONE("a teacher network that can be run and trained on"),
  /** {@link Batch.Side#input()} of the other modality, for networks of the method's own. */
  OTHER_INPUT("inputs of the other modality"),
  /** Maps in the middle of both networks; see {@link org.crossdistill.nn.Backbone#givesMaps}. */
  MAPS("feature maps of both networks");

  private final String words;

  Need(String words) {
    this.words = words;
  }

  /** Whether only a teacher that was trained before can meet it. */
  public boolean isOfTeacher() {
    return switch (this) {
      case TEACHER_EMBEDDING, TEACHER_LOGITS, TEACHER_CLASSIFIER, TEACHER_BACKBONE -> true;
      case OTHER_INPUT, MAPS, PAIRS, LABELS -> false;
    };
  }

  /** The need in words, for messages. */
  public String words() {
    return words;
  }
}
