package org.crossdistill.nn;

/** A network that turns samples of one modality into embeddings [B, {@link #embeddingSize()}]. */
public abstract class Backbone extends Layer {

  /** D, the size of an embedding. */
  public abstract int embeddingSize();
}
