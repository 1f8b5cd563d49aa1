package org.crossdistill.nn;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Batch normalisation over the second dimension of [B, C] or [B, C, H, W] (Ioffe and Szegedy,
 * 2015): batch statistics in training, running ones (momentum 0.1) in inference.
 */
public final class BatchNorm extends Layer {

  private static final double MOMENTUM = 0.1;
  private static final double EPSILON = 1e-5;

  private final int channels;
  private final TensorOptional weight;
  private final TensorOptional bias;
  private final TensorOptional runningMean;
  private final TensorOptional runningVariance;

  /**
   * Starts as the identity: weight 1, bias 0, running mean 0 and variance 1.
   *
   * @param channels C, size of the second dimension, ≥ 1
   */
  public BatchNorm(int channels) {
    this.channels = channels;
    this.weight = optional(parameter("weight", Init.constant(1, channels)));
    this.bias = optional(parameter("bias", Init.constant(0, channels)));
    this.runningMean = optional(buffer("running_mean", Init.constant(0, channels)));
    this.runningVariance = optional(buffer("running_var", Init.constant(1, channels)));
  }

  private static TensorOptional optional(Tensor tensor) {
    TensorOptional optional = new TensorOptional(tensor);
    optional.retainReference();
    return optional;
  }

  /**
   * @throws NetworkException if the input does not fit, and in training, if the batch holds a
   *     single value per channel
   */
  @Override
  public Tensor forward(Tensor input) {
    LayerInput.rowsOrMaps("batch norm", input, channels);
    if (training() && input.numel() <= channels) {
      throw new NetworkException(
          "batch norm in training needs more than one value per channel, found a batch of "
              + input.size(0));
    }
    return torch.batch_norm(
        input, weight, bias, runningMean, runningVariance, training(), MOMENTUM, EPSILON, false);
  }
}
