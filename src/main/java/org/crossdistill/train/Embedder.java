package org.crossdistill.train;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Tensors;

/** Runs a network over many samples in inference mode, some at a time. */
final class Embedder {

  private static final int BATCH = 256;

  private Embedder() {}

  /**
   * Embeds samples.
   *
   * @param network put in inference mode
   * @param inputs one array of values a sample
   * @param shape of one sample
   * @return [inputs.length][D]
   */
  static float[][] embed(Layer network, float[][] inputs, long... shape) {
    network.training(false);
    return map(inputs, batch -> network.forward(batch.reshape(withBatch(shape))));
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

  private static long[] withBatch(long[] shape) {
    long[] all = new long[shape.length + 1];
    all[0] = -1;
    System.arraycopy(shape, 0, all, 1, shape.length);
    return all;
  }
}
