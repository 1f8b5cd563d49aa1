package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRef;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** Convolution without bias, as it stands before a batch norm: [B, in, H, W] → [B, out, H', W']. */
public final class Conv2d extends Layer {

  static {
    // LibTorch's choice for a few pictures on one thread: another sum for the same convolution, and
    // a warning at every call where it does not know the processor.
    torch.globalContext().setUserEnabledNNPACK(false);
  }

  private final int in;
  private final Tensor weight;
  private final long[] stride;
  private final long[] padding;

  /** Distance of the pixels that are taken before the convolution; 1 = all. */
  private final long step;

  /**
   * @param in channels that come in, ≥ 1
   * @param out channels that go out, ≥ 1
   * @param kernel side of the square window, odd; the picture is padded by kernel/2 zeros on each
   *     side
   * @param stride distance of the windows, ≥ 1
   * @throws NetworkException if a size is out of its range
   */
  public Conv2d(RandomGenerator random, int in, int out, int kernel, int stride) {
    if (kernel < 1 || kernel % 2 == 0) {
      throw new NetworkException("convolution: expected an odd kernel, found " + kernel);
    }
    LayerInput.size("convolution: stride", stride);
    this.in = in;
    long fanIn = (long) in * kernel * kernel;
    this.weight = parameter("weight", Init.uniformFanIn(random, fanIn, out, in, kernel, kernel));
    // A window of one pixel with a stride reads every stride-th pixel and no other. They are taken
    // before, because for such windows oneDNN's gradient of the weight writes past its workspace
    // where pictures lie channels last and have less than a vector of channels (8 with AVX2, 16
    // with AVX-512): wrong numbers or a crash:
    // https://github.com/uxlfoundation/oneDNN/issues/6035.
    this.step = kernel == 1 ? stride : 1;
    long left = stride / step;
    this.stride = new long[] {left, left};
    this.padding = new long[] {kernel / 2, kernel / 2};
  }

  @Override
  public Tensor forward(Tensor input) {
    LayerInput.maps("convolution", input, in, 1);
    long[] dilation = {1, 1};
    Tensor taken = atLeastTwoChannels(every(step, input)).contiguous(MemoryFormat.ChannelsLast);
    Tensor by = atLeastTwoChannels(weight);
    return torch.conv2d(taken, by, new TensorOptional(), stride, padding, dilation, 1);
  }

  /**
   * With a second channel of zeros where there is one. Convolutions run on channels that lie side
   * by side in memory: LibTorch's are 1.4 times as fast on them, and where channels lie in planes
   * and their number is no multiple of a vector's, oneDNN's values and gradients of the picture are
   * wrong, or come from memory that nobody wrote. A single channel counts as a plane.
   */
  private static Tensor atLeastTwoChannels(Tensor tensor) {
    return tensor.size(1) > 1
        ? tensor
        : torch.cat(new TensorArrayRef(new TensorVector(tensor, torch.zeros_like(tensor))), 1);
  }

  private static Tensor every(long step, Tensor input) {
    return step == 1 ? input : every(step, 3, every(step, 2, input));
  }

  private static Tensor every(long step, long dimension, Tensor input) {
    LongOptional end = new LongOptional(input.size(dimension));
    return input.slice(dimension, new LongOptional(0), end, step);
  }
}
