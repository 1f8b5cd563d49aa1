package org.crossdistill.nn;

import java.util.List;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A residual network for small pictures, and for spectrograms as pictures of one channel: 3×3
 * convolution, batch norm, ReLU, 2×2 max-pooling, residual blocks, mean over the picture, dropout,
 * linear layer without bias, batch norm.
 *
 * <p>[B, channels, H, W] → embedding [B, D], f32; H and W are at least 2.
 */
public final class SmallResNet extends Backbone {

  /**
   * The network's size.
   *
   * @param channels of the stem and then of each residual block; the first block keeps the
   *     resolution, every further one halves it
   * @param embedding D, the size of the embedding
   * @param dropout before the last linear layer, in [0, 1)
   */
  public record Options(List<Integer> channels, int embedding, double dropout) {

    /** The default: channels 16, 16, 32, 64; embedding 128; dropout 0.2. */
    public static Options defaults() {
      return new Options(List.of(16, 16, 32, 64), 128, 0.2);
    }

    /** The same network with another dropout, in [0, 1). */
    public Options withDropout(double other) {
      return new Options(channels, embedding, other);
    }

    /** Checks the sizes. */
    public Options {
      channels = List.copyOf(channels);
      if (channels.isEmpty() || channels.stream().anyMatch(c -> c < 1)) {
        throw new NetworkException("channels: expected positive numbers, found " + channels);
      }
      if (embedding < 1) {
        throw new NetworkException("embedding: expected at least 1, found " + embedding);
      }
    }
  }

  private final Options options;
  private final int inputChannels;
  private final Conv2d stem;
  private final BatchNorm stemNorm;
  private final ResidualBlock[] blocks;
  private final Dropout dropout;
  private final Linear projection;
  private final BatchNorm projectionNorm;

  /** For pictures of three colours. */
  public SmallResNet(RandomGenerator random, Options options) {
    this(random, 3, options);
  }

  /**
   * @param inputChannels of a picture, ≥ 1
   */
  public SmallResNet(RandomGenerator random, int inputChannels, Options options) {
    this.options = options;
    this.inputChannels = inputChannels;
    List<Integer> channels = options.channels();
    stem = child("stem", new Conv2d(random, inputChannels, channels.get(0), 3, 1));
    stemNorm = child("stem_norm", new BatchNorm(channels.get(0)));
    blocks = new ResidualBlock[channels.size() - 1];
    for (int i = 0; i < blocks.length; i++) {
      int stride = i == 0 ? 1 : 2;
      ResidualBlock block = new ResidualBlock(random, channels.get(i), channels.get(i + 1), stride);
      blocks[i] = child("block" + (i + 1), block);
    }
    dropout = child("dropout", new Dropout(options.dropout()));
    int last = channels.get(channels.size() - 1);
    projection = child("projection", Linear.withoutBias(random, last, options.embedding()));
    projectionNorm = child("projection_norm", new BatchNorm(options.embedding()));
  }

  @Override
  public int embeddingSize() {
    return options.embedding();
  }

  /** Channels of the last block but one: what the third of a large network's four stages is. */
  @Override
  public int middleSize() {
    List<Integer> channels = options.channels();
    return channels.get(Math.max(0, channels.size() - 2));
  }

  @Override
  public boolean givesMaps() {
    return true;
  }

  @Override
  public Tensor forward(Tensor input) {
    return features(input).embedding();
  }

  @Override
  public Features features(Tensor input) {
    LayerInput.maps("residual network", input, inputChannels, 2);
    // The maximum of rectified values is the rectified maximum, on a quarter of the values.
    Tensor x = torch.max_pool2d(stemNorm.forward(stem.forward(input)), 2, 2).relu_();
    Tensor middle = x;
    for (ResidualBlock block : blocks) {
      middle = x;
      x = block.forward(x);
    }
    x = x.mean(2, 3);
    return new Features(middle, projectionNorm.forward(projection.forward(dropout.forward(x))));
  }
}
