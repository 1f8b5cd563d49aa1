package org.crossdistill.nn;

import org.bytedeco.pytorch.Tensor;

/** The backbone of a modality whose embeddings come ready-made: [B, D] → the same. */
public final class Passthrough extends Backbone {

  private final int embeddingSize;

  /**
   * @param embeddingSize D, ≥ 1
   */
  public Passthrough(int embeddingSize) {
    LayerInput.size("embedding", embeddingSize);
    this.embeddingSize = embeddingSize;
  }

  @Override
  public int embeddingSize() {
    return embeddingSize;
  }

  @Override
  public Tensor forward(Tensor input) {
    LayerInput.rows("embedding", input, embeddingSize);
    return input;
  }
}
