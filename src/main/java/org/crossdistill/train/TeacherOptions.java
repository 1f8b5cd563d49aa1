package org.crossdistill.train;

import org.crossdistill.nn.TextEncoder;

/**
 * The frozen text teacher.
 *
 * @param kind where its embeddings come from
 * @param embedding D_t of the kind {@code embedding}
 * @param encoder sizes of the kind {@code classifier}
 * @param train training of the teacher's classifier (and encoder)
 * @param optimizer of that training
 */
public record TeacherOptions(
    Kind kind,
    int embedding,
    TextEncoder.Options encoder,
    TrainOptions train,
    OptimizerOptions optimizer) {

  /** Where the teacher's embeddings come from. */
  public enum Kind {
    /** Latent semantic analysis of the training texts; no labels. */
    EMBEDDING,
    /** A network trained on the training texts' labels. */
    CLASSIFIER
  }

  /** {@code embedding} of size 128. */
  public static TeacherOptions defaults() {
    return new TeacherOptions(
        Kind.EMBEDDING,
        128,
        TextEncoder.Options.defaults(),
        TrainOptions.defaults(),
        OptimizerOptions.defaults());
  }

  /** Checks the range. */
  public TeacherOptions {
    Options.require(embedding >= 1, "embedding", "at least 1", embedding);
  }
}
