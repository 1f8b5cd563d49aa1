package org.crossdistill.nn;

import org.bytedeco.pytorch.Tensor;

/** A network that turns samples of one modality into embeddings [B, {@link #embeddingSize()}]. */
public abstract class Backbone extends Layer {

  /**
   * What one pass gives.
   *
   * @param middle what stands before the network's last part: maps [B, {@link #middleSize()}, H, W]
   *     or rows [B, {@link #middleSize()}]
   * @param embedding [B, D]
   */
  public record Features(Tensor middle, Tensor embedding) {}

  /** D, the size of an embedding. */
  public abstract int embeddingSize();

  /** Channels of {@link Features#middle()}. */
  public int middleSize() {
    return embeddingSize();
  }

  /** Whether {@link Features#middle()} are maps. */
  public boolean givesMaps() {
    return false;
  }

  /** One pass; a network without a place to look into gives its embedding twice. */
  public Features features(Tensor input) {
    Tensor embedding = forward(input);
    return new Features(embedding, embedding);
  }
}
