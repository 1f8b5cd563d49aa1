package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Convolution without bias, as it stands before a batch norm: [B, in, H, W] → [B, out, H', W']. */
public final class Conv2d extends Layer {

  private final Tensor weight;
  private final long[] stride;
  private final long[] padding;

  /**
   * @param kernel side of the square window; the picture is padded by kernel/2 zeros on each side
   */
  public Conv2d(RandomGenerator random, int in, int out, int kernel, int stride) {
    long fanIn = (long) in * kernel * kernel;
    this.weight = parameter("weight", Init.uniformFanIn(random, fanIn, out, in, kernel, kernel));
    this.stride = new long[] {stride, stride};
    this.padding = new long[] {kernel / 2, kernel / 2};
  }

  @Override
  public Tensor forward(Tensor input) {
    long[] dilation = {1, 1};
    return torch.conv2d(input, weight, new TensorOptional(), stride, padding, dilation, 1);
  }
}
