package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/** A linear layer whose outputs are divided by their length: [B, in] → [B, out], f32. */
public final class UnitEmbedding extends Layer {

  private final Linear linear;

  /** With a bias; both weight and bias start uniform in ±1/√in. */
  public UnitEmbedding(RandomGenerator random, int in, int out) {
    linear = child("linear", Linear.withBias(random, in, out));
  }

  @Override
  public Tensor forward(Tensor rows) {
    return Tensors.normalize(linear.forward(rows));
  }
}
