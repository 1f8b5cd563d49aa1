package org.crossdistill.data;

import java.util.random.RandomGenerator;

/** The samples of one modality as a network takes them. Thread-safe. */
public interface Samples {

  /** {@return number of samples} */
  int size();

  /** {@return shape of one sample: [features], or [channels, height, width]} */
  long[] shape();

  /**
   * Writes a sample as it is.
   *
   * @param sample its index
   * @param out receives {@link #length()} values
   * @param to where in it
   */
  void write(int sample, float[] out, int to);

  /**
   * Writes a sample varied for training; as it is where the modality knows no variations.
   *
   * @param sample its index
   * @param pictures how pictures are varied; other modalities have ranges of their own
   * @param random source of the variation
   * @param out receives {@link #length()} values
   * @param to where in it
   */
  default void writeVaried(
      int sample, PictureAugmentation pictures, RandomGenerator random, float[] out, int to) {
    write(sample, out, to);
  }

  /** {@return values of one sample} */
  default int length() {
    int length = 1;
    for (long side : shape()) {
      length *= Math.toIntExact(side);
    }
    return length;
  }

  /** {@return one sample as it is} */
  default float[] get(int sample) {
    float[] values = new float[length()];
    write(sample, values, 0);
    return values;
  }
}
