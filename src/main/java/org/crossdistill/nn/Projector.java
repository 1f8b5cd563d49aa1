package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Rows of one size to rows of another: linear, batch norm, ReLU, linear, batch norm.
 *
 * <p>[B, in] → [B, out], f32.
 */
public final class Projector extends Layer {

  private final Linear first;
  private final BatchNorm firstNorm;
  private final Linear second;
  private final BatchNorm secondNorm;

  /** Between the two layers rows are half as wide as {@code out}, but at least 1. */
  public Projector(RandomGenerator random, int in, int out) {
    int hidden = Math.max(1, out / 2);
    first = child("first", Linear.withBias(random, in, hidden));
    firstNorm = child("first_norm", new BatchNorm(hidden));
    second = child("second", Linear.withBias(random, hidden, out));
    secondNorm = child("second_norm", new BatchNorm(out));
  }

  @Override
  public Tensor forward(Tensor rows) {
    Tensor hidden = firstNorm.forward(first.forward(rows)).relu_();
    return secondNorm.forward(second.forward(hidden));
  }
}
