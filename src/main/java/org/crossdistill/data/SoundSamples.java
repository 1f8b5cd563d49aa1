package org.crossdistill.data;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Log-mel spectrograms of one size, as pictures of one channel [1, bands, frames].
 *
 * @param spectrograms [N][bands·frames], N ≥ 1, band by band, with mean 0
 * @param bands number of mel bands, ≥ 1
 * @param augmentation how they are varied
 */
public record SoundSamples(float[][] spectrograms, int bands, SoundAugmentation augmentation)
    implements Samples {

  /**
   * Checks the sizes, and keeps the spectrograms without a copy.
   *
   * @throws DataException if there are none, or one does not hold whole bands as long as the
   *     first's
   */
  public SoundSamples {
    if (spectrograms.length == 0 || bands < 1) {
      throw new DataException(
          "sounds: expected at least one of at least one band, found %d of %d"
              .formatted(spectrograms.length, bands));
    }
    int length = spectrograms[0].length;
    for (int i = 0; i < spectrograms.length; i++) {
      if (spectrograms[i].length != length || length % bands != 0 || length == 0) {
        throw new DataException(
            "sounds: expected %d bands of one length, found %d values in sound %d"
                .formatted(bands, spectrograms[i].length, i));
      }
    }
  }

  @Override
  public int size() {
    return spectrograms.length;
  }

  @Override
  public long[] shape() {
    return new long[] {1, bands, frames()};
  }

  private int frames() {
    return spectrograms[0].length / bands;
  }

  @Override
  public void write(int sample, float[] out, int to) {
    System.arraycopy(spectrograms[sample], 0, out, to, length());
  }

  /** Five numbers are drawn, whatever the ranges. */
  @Override
  public void writeVaried(
      int sample, PictureAugmentation pictures, RandomGenerator random, float[] out, int to) {
    int frames = frames();
    int largest = Math.min(augmentation.shift(), frames);
    int shift = random.nextInt(2 * largest + 1) - largest;
    int[] times = stretch(frames, augmentation.timeMask(), random);
    int[] masked = stretch(bands, augmentation.bandMask(), random);
    for (int band = 0; band < bands; band++) {
      int row = to + band * frames;
      if (band >= masked[0] && band < masked[1]) {
        Arrays.fill(out, row, row + frames, 0);
      } else {
        shift(spectrograms[sample], band * frames, shift, out, row);
        Arrays.fill(out, row + times[0], row + times[1], 0);
      }
    }
  }

  private void shift(float[] from, int start, int shift, float[] out, int row) {
    int frames = frames();
    int kept = frames - Math.abs(shift);
    Arrays.fill(out, row, row + frames, 0);
    System.arraycopy(from, start + Math.max(0, -shift), out, row + Math.max(0, shift), kept);
  }

  /** Begin and end of a random stretch of 0 … size. */
  private static int[] stretch(int size, int longest, RandomGenerator random) {
    int length = Math.min(size, random.nextInt(longest + 1));
    int begin = random.nextInt(size - length + 1);
    return new int[] {begin, begin + length};
  }
}
