package org.crossdistill.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against sums over all pixels in double. */
class Conv2dTest {

  private static final int BATCH = 8;
  private static final double TOLERANCE = 1e-3;

  /** What goes wrong when threads write over one another's numbers does so now and then. */
  private static final int REPEATS = 100;

  private final SplittableRandom random = new SplittableRandom(3);

  @AfterEach
  void oneThread() {
    torch.set_num_threads(1);
  }

  /**
   * One channel, fewer than a vector, as many, and more; odd sides; both layouts; 1 and 2 threads.
   */
  @ParameterizedTest
  @CsvSource({
    "1, 2, 4, 8, 16, 1", "1, 2, 4, 8, 16, 2", "1, 2, 3, 5, 15, 2", "1, 2, 16, 32, 16, 2",
    "1, 3, 4, 8, 16, 2", "1, 1, 4, 8, 15, 2", "3, 2, 4, 8, 16, 2", "3, 1, 3, 5, 15, 2",
    "3, 1, 1, 4, 8, 1", "3, 2, 1, 4, 9, 2", "3, 1, 1, 16, 8, 1", "3, 1, 4, 4, 4, 1",
    "3, 1, 20, 20, 4, 1", "3, 1, 20, 1, 5, 2", "1, 1, 1, 1, 5, 1",
  })
  void valueAndGradients(int kernel, int stride, int in, int out, int side, int threads) {
    torch.set_num_threads(threads);
    float[] picture = Tensors.floats(Init.normal(random, BATCH, in, side, side));
    int outSide = (side + stride - 1) / stride;
    float[] gradient = Tensors.floats(Init.normal(random, BATCH, out, outSide, outSide));
    Conv2d layer = new Conv2d(random, in, out, kernel, stride);
    Tensor weight = layer.parameters().get("weight");
    Sums sums = new Sums(kernel, stride, in, out, side, outSide);
    sums.add(picture, Tensors.floats(weight), gradient);

    for (int repeat = 0; repeat < REPEATS; repeat++) {
      try (PointerScope scope = new PointerScope()) {
        leaveNaNInFreeMemory();
        Tensor x = Tensor.create(picture, BATCH, in, side, side);
        x = repeat % 2 == 0 ? x : x.contiguous(MemoryFormat.ChannelsLast);
        x.requires_grad_(true);
        Tensor y = layer.forward(x);
        Tensor g = Tensor.create(gradient, BATCH, out, outSide, outSide);
        y.backward(g, new BoolOptional(false), false, new TensorArrayRefOptional());

        assertThat(y.shape()).containsExactly(BATCH, out, outSide, outSide);
        assertClose("value", y, sums.value);
        assertClose("gradient of the picture", x.grad(), sums.pictureGradient);
        assertClose("gradient of the weight", weight.grad(), sums.weightGradient);
        weight.mutable_grad().reset();
      }
    }
  }

  /** What reads memory before anything is written there shall be seen. */
  private static void leaveNaNInFreeMemory() {
    try (PointerScope freed = new PointerScope()) {
      for (long size = 16; size < 40_000; size = size * 3 / 2) {
        for (int k = 0; k < 6; k++) {
          torch.full(new long[] {size}, new Scalar(Float.NaN), new TensorOptions(ScalarType.Float));
        }
      }
    }
  }

  private static void assertClose(String what, Tensor found, double[] expected) {
    float[] values = Tensors.floats(found);
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(values[i] - expected[i]);
      worst = error <= worst ? worst : error; // takes over NaN
    }
    assertThat(worst).as(what).isCloseTo(0, within(TOLERANCE));
  }

  /** The convolution as its definition says; all arrays in row-major order. */
  private static final class Sums {

    private final int kernel;
    private final int stride;
    private final int in;
    private final int out;
    private final int side;
    private final int outSide;
    private final double[] value;
    private final double[] pictureGradient;
    private final double[] weightGradient;

    Sums(int kernel, int stride, int in, int out, int side, int outSide) {
      this.kernel = kernel;
      this.stride = stride;
      this.in = in;
      this.out = out;
      this.side = side;
      this.outSide = outSide;
      value = new double[BATCH * out * outSide * outSide];
      pictureGradient = new double[BATCH * in * side * side];
      weightGradient = new double[out * in * kernel * kernel];
    }

    void add(float[] picture, float[] weight, float[] gradient) {
      for (int to = 0; to < value.length; to++) {
        int row = to / outSide % outSide * stride - kernel / 2;
        int column = to % outSide * stride - kernel / 2;
        int sample = to / (outSide * outSide) / out;
        int channel = to / (outSide * outSide) % out;
        for (int w = 0; w < in * kernel * kernel; w++) {
          int i = row + w / kernel % kernel;
          int j = column + w % kernel;
          if (i >= 0 && i < side && j >= 0 && j < side) {
            int from = ((sample * in + w / (kernel * kernel)) * side + i) * side + j;
            int by = channel * in * kernel * kernel + w;
            value[to] += (double) picture[from] * weight[by];
            pictureGradient[from] += (double) gradient[to] * weight[by];
            weightGradient[by] += (double) gradient[to] * picture[from];
          }
        }
      }
    }
  }
}
