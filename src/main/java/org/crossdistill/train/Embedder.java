package org.crossdistill.train;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.Samples;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Tensors;

/** Runs a network over many samples in inference mode, some at a time. */
final class Embedder {

  /** How many maps at a time. */
  static final int BATCH = 256;

  private Embedder() {}

  /** Embeds one sample of the given shape. */
  static float[] embed(Layer network, float[] input, long... shape) {
    network.training(false);
    long[] batch = new long[shape.length + 1];
    batch[0] = 1;
    System.arraycopy(shape, 0, batch, 1, shape.length);
    return map(new float[][] {input}, x -> network.forward(x.reshape(batch)))[0];
  }

  /**
   * Embeds samples as they are.
   *
   * @param network put in inference mode
   * @param chosen indices of the samples
   * @return [chosen.length][D]
   */
  static float[][] embed(Layer network, Samples samples, int[] chosen) {
    return embed(network, samples, chosen, BATCH);
  }

  /** As {@link #embed(Layer, Samples, int[])}, so many at a time. */
  static float[][] embed(Layer network, Samples samples, int[] chosen, int atATime) {
    network.training(false);
    float[][] outputs = new float[chosen.length][];
    for (int from = 0; from < chosen.length; from += atATime) {
      int to = Math.min(from + atATime, chosen.length);
      try (PointerScope scope = new PointerScope();
          NoGradGuard noGrad = new NoGradGuard()) {
        Tensor batch = SampleTensors.plain(samples, Arrays.copyOfRange(chosen, from, to));
        System.arraycopy(Tensors.rows(network.forward(batch)), 0, outputs, from, to - from);
      }
    }
    return outputs;
  }

  /** Applies a function of [B, values] to all samples, some at a time, without gradients. */
  static float[][] map(float[][] inputs, UnaryOperator<Tensor> function) {
    float[][] outputs = new float[inputs.length][];
    for (int from = 0; from < inputs.length; from += BATCH) {
      int to = Math.min(from + BATCH, inputs.length);
      try (PointerScope scope = new PointerScope();
          NoGradGuard noGrad = new NoGradGuard()) {
        Tensor batch = Tensors.of(Arrays.copyOfRange(inputs, from, to));
        float[][] rows = Tensors.rows(function.apply(batch));
        System.arraycopy(rows, 0, outputs, from, rows.length);
      }
    }
    return outputs;
  }
}
