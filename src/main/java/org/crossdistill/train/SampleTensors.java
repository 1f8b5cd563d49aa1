package org.crossdistill.train;

import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PictureAugmentation;
import org.crossdistill.data.Samples;

/** Samples as tensors [B, …], f32. */
final class SampleTensors {

  private SampleTensors() {}

  /** Some samples as they are. */
  static Tensor plain(Samples samples, int[] chosen) {
    float[] values = new float[chosen.length * samples.length()];
    for (int i = 0; i < chosen.length; i++) {
      samples.write(chosen[i], values, i * samples.length());
    }
    return tensor(values, chosen.length, samples.shape());
  }

  /** Some samples varied for training. */
  static Tensor varied(
      Samples samples, int[] chosen, PictureAugmentation pictures, RandomGenerator random) {
    float[] values = new float[chosen.length * samples.length()];
    for (int i = 0; i < chosen.length; i++) {
      samples.writeVaried(chosen[i], pictures, random, values, i * samples.length());
    }
    return tensor(values, chosen.length, samples.shape());
  }

  /** Labels of some samples, [B], int64. */
  static Tensor labels(Modality modality, int[] chosen) {
    return Tensor.create(IntStream.of(modality.labels(chosen)).asLongStream().toArray());
  }

  /** Measured quality of some samples, [B], f32; null where there is none. */
  static Tensor qualityOrNull(Modality modality, int[] chosen) {
    float[] quality = modality.qualityOrNull(chosen);
    return quality == null ? null : Tensor.create(quality);
  }

  private static Tensor tensor(float[] values, int count, long[] shape) {
    long[] all = new long[shape.length + 1];
    all[0] = count;
    System.arraycopy(shape, 0, all, 1, shape.length);
    return Tensor.create(values, all);
  }
}
