package org.crossdistill.data;

import java.util.random.RandomGenerator;

/**
 * Square pictures as ink, which a network sees as (ink − mean) / std.
 *
 * @param ink of each picture, [N][channels·size·size], in [0, 1]
 * @param channels 3 of colours or 1 of grey
 * @param transform side, mean and std
 */
public record PictureSamples(float[][] ink, int channels, PictureTransform transform)
    implements Samples {

  @Override
  public int size() {
    return ink.length;
  }

  @Override
  public long[] shape() {
    return new long[] {channels, transform.size(), transform.size()};
  }

  @Override
  public void write(int sample, float[] out, int to) {
    System.arraycopy(ink[sample], 0, out, to, length());
    transform.normalise(out, to, length());
  }

  @Override
  public void writeVaried(
      int sample, PictureAugmentation pictures, RandomGenerator random, float[] out, int to) {
    new PictureAugmenter(channels, transform.size(), pictures)
        .augment(ink[sample], 0, random, out, to);
    transform.normalise(out, to, length());
  }
}
