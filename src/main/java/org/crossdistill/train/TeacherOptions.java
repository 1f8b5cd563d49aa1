package org.crossdistill.train;

import org.crossdistill.nn.FeatureEncoder;
import org.crossdistill.nn.SmallResNet;

/**
 * The teacher of the other modality, frozen unless the method trains it on.
 *
 * @param kind where its embeddings come from
 * @param embedding D_t of the kind {@code embedding}
 * @param encoder sizes of the kind {@code classifier} for rows of features, such as texts
 * @param train training of the teacher's classifier (and encoder)
 * @param optimizer of that training
 * @param network sizes of the kind {@code classifier} for pictures and sounds; null = the student's
 */
public record TeacherOptions(
    Kind kind,
    int embedding,
    FeatureEncoder.Options encoder,
    TrainOptions train,
    OptimizerOptions optimizer,
    SmallResNet.Options network) {

  /** Where the teacher's embeddings come from. */
  public enum Kind {
    /** Latent semantic analysis of the training samples' features; no labels. */
    EMBEDDING,
    /** A network trained on the training samples' labels. */
    CLASSIFIER
  }

  /** {@code embedding} of size 128. */
  public static TeacherOptions defaults() {
    return new TeacherOptions(
        Kind.EMBEDDING,
        128,
        FeatureEncoder.Options.defaults(),
        TrainOptions.defaults(),
        OptimizerOptions.defaults(),
        null);
  }

  /** Checks the range. */
  public TeacherOptions {
    Options.require(embedding >= 1, "embedding", "at least 1", embedding);
  }
}
