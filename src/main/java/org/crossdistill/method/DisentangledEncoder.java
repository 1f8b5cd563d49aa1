package org.crossdistill.method;

import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.BatchNorm;
import org.crossdistill.nn.Linear;

/**
 * One modality's two encoders in {@link DiscomKd}:
 *
 * <pre>
 * inv = relu(bn(linear(invariant(x))))                                       [B, D]
 * [inf; irr] = linear(specific(x))                                           [B, 2·D]
 * </pre>
 *
 * <p>The linear map after the second encoder is the last layer of the published one, whose size is
 * 2·D. What remains for inference is [inv; inf].
 */
final class DisentangledEncoder extends Backbone {

  private final int size;
  private final Backbone invariant;
  private final Linear projection;
  private final BatchNorm norm;
  private final Backbone specific;
  private final Linear split;

  DisentangledEncoder(
      RandomGenerator random, Function<RandomGenerator, Backbone> encoder, int size) {
    this.size = size;
    invariant = child("invariant", encoder.apply(random));
    projection = child("projection", Linear.withoutBias(random, invariant.embeddingSize(), size));
    norm = child("norm", new BatchNorm(size));
    specific = child("specific", encoder.apply(random));
    split = child("split", Linear.withBias(random, specific.embeddingSize(), 2 * size));
  }

  @Override
  public int embeddingSize() {
    return 2 * size;
  }

  DisentangledFeatures parts(Tensor input) {
    Tensor inv = norm.forward(projection.forward(invariant.forward(input))).relu_();
    Tensor both = split.forward(specific.forward(input));
    return new DisentangledFeatures(inv, both.narrow(1, 0, size), both.narrow(1, size, size));
  }

  @Override
  public Tensor forward(Tensor input) {
    return parts(input).task();
  }
}
