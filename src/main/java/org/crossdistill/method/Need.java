package org.crossdistill.method;

/** Something that a method cannot do without, beside the student's inputs. */
public enum Need {
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
  MAPS("feature maps of both networks"),
  /** A label on every training sample. */
  LABELS("a label on every training sample");

  private final String words;

  Need(String words) {
    this.words = words;
  }

  /** The need in words, for messages. */
  public String words() {
    return words;
  }
}
