package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The matrix V [C, D] of a margin classifier, one row a class. Its rows start in random directions
 * with length 1. {@link #forward} gives the cosine logits without a margin, for inference and for
 * output matching; the training loss works on {@link #weight()} itself.
 */
public final class Classifier extends Layer {

  private final int embeddingSize;
  private final Tensor weight;

  /**
   * @param random of the rows' directions
   * @param classes C, ≥ 1
   * @param embeddingSize D, ≥ 1
   */
  public Classifier(RandomGenerator random, int classes, int embeddingSize) {
    this.embeddingSize = embeddingSize;
    weight = parameter("weight", Init.unitRows(random, classes, embeddingSize));
  }

  /** V [C, D], f32. */
  public Tensor weight() {
    return weight;
  }

  /** Embeddings [B, D], f32 → cosines with the class rows [B, C], f32. */
  @Override
  public Tensor forward(Tensor embeddings) {
    LayerInput.rows("classifier", embeddings, embeddingSize);
    return torch.matmul(Tensors.normalize(embeddings), Tensors.normalize(weight).t());
  }
}
