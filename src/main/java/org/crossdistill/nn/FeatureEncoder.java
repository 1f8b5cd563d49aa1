package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * A network over rows of features, such as bags of words: linear, batch norm, ReLU, dropout,
 * linear, batch norm.
 *
 * <p>[B, features] → embedding [B, D], f32.
 */
public final class FeatureEncoder extends Backbone {

  /**
   * The network's size.
   *
   * @param hidden width between the two linear layers
   * @param embedding D, the size of the embedding
   * @param dropout between them, in [0, 1)
   */
  public record Options(int hidden, int embedding, double dropout) {

    /** The default: hidden 256, embedding 128, dropout 0.5. */
    public static Options defaults() {
      return new Options(256, 128, 0.5);
    }
  }

  private final Options options;
  private final Linear linear1;
  private final BatchNorm norm1;
  private final Dropout dropout;
  private final Linear linear2;
  private final BatchNorm norm2;

  /**
   * @param random of the initial weights
   * @param features of a row
   * @throws NetworkException if the dropout is not in [0, 1)
   */
  public FeatureEncoder(RandomGenerator random, int features, Options options) {
    this.options = options;
    linear1 = child("linear1", Linear.withBias(random, features, options.hidden()));
    norm1 = child("norm1", new BatchNorm(options.hidden()));
    dropout = child("dropout", new Dropout(options.dropout()));
    linear2 = child("linear2", Linear.withBias(random, options.hidden(), options.embedding()));
    norm2 = child("norm2", new BatchNorm(options.embedding()));
  }

  @Override
  public int embeddingSize() {
    return options.embedding();
  }

  /** Width of the hidden layer. */
  @Override
  public int middleSize() {
    return options.hidden();
  }

  @Override
  public Tensor forward(Tensor input) {
    return features(input).embedding();
  }

  @Override
  public Features features(Tensor input) {
    Tensor hidden = norm1.forward(linear1.forward(input)).relu_();
    return new Features(hidden, norm2.forward(linear2.forward(dropout.forward(hidden))));
  }
}
