package org.crossdistill.data;

import java.util.random.RandomGenerator;

/**
 * Varies pictures: shift, zoom, rotation and mirroring in one bilinear resampling, then a gain.
 * What comes in from beyond the picture is white. Immutable and thread-safe.
 *
 * @param channels of a picture, 1 or more
 * @param size side of the pictures in pixels
 * @param options ranges
 */
public record PictureAugmenter(int channels, int size, PictureAugmentation options) {

  private static final int BORDER = 1;

  /** For pictures of three colours. */
  public PictureAugmenter(int size, PictureAugmentation options) {
    this(Picture.CHANNELS, size, options);
  }

  /**
   * Varies one picture.
   *
   * @param ink holds pictures [channels, size, size]; not changed
   * @param from where the picture begins
   * @param random six numbers are drawn, whatever the options
   * @param out receives the result
   * @param to where in it
   */
  public void augment(float[] ink, int from, RandomGenerator random, float[] out, int to) {
    Warp warp = draw(random);
    int padded = size + 2 * BORDER;
    float[] framed = frame(ink, from, padded);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        // Where in the source, counted in pixels from the corner of its frame.
        float u = warp.x0 + warp.xx * x + warp.xy * y;
        float v = warp.y0 + warp.yx * x + warp.yy * y;
        int target = to + y * size + x;
        if (u >= 0 && v >= 0 && u < padded - 1 && v < padded - 1) {
          sample(framed, padded, u, v, warp.gain, out, target);
        } else {
          for (int channel = 0; channel < channels; channel++) {
            out[target + channel * size * size] = 0;
          }
        }
      }
    }
  }

  /** All channels at one place; the four pixels around it are the same for each. */
  private void sample(
      float[] framed, int padded, float u, float v, float gain, float[] out, int target) {
    int left = (int) u;
    int top = (int) v;
    float right = u - left;
    float below = v - top;
    int at = top * padded + left;
    for (int channel = 0; channel < channels; channel++) {
      float upper = framed[at] + right * (framed[at + 1] - framed[at]);
      int under = at + padded;
      float lower = framed[under] + right * (framed[under + 1] - framed[under]);
      out[target] = gain * (upper + below * (lower - upper));
      at += padded * padded;
      target += size * size;
    }
  }

  /** Puts a white pixel around the picture, so that the resampling knows no borders. */
  private float[] frame(float[] ink, int from, int padded) {
    float[] framed = new float[channels * padded * padded];
    for (int channel = 0; channel < channels; channel++) {
      for (int y = 0; y < size; y++) {
        int source = from + (channel * size + y) * size;
        int target = (channel * padded + y + BORDER) * padded + BORDER;
        System.arraycopy(ink, source, framed, target, size);
      }
    }
    return framed;
  }

  /** From pixel (x, y) of the result to its source: u = x0 + xx·x + xy·y, v = y0 + yx·x + yy·y. */
  private record Warp(float xx, float xy, float x0, float yx, float yy, float y0, float gain) {}

  private Warp draw(RandomGenerator random) {
    double shiftX = symmetric(random, options.shift());
    double shiftY = symmetric(random, options.shift());
    // StrictMath gives the same bits on every machine.
    double zoom = StrictMath.exp(symmetric(random, options.zoom()));
    double angle = symmetric(random, options.rotation());
    double mirror = random.nextDouble() < 0.5 && options.flip() ? -1 : 1;
    double gain = 1 + symmetric(random, options.gain());
    double cos = StrictMath.cos(angle) / zoom;
    double sin = StrictMath.sin(angle) / zoom;
    double xx = cos * mirror;
    double yx = sin * mirror;
    // Both turn about the middle of the picture, and shifts are in halves of its side.
    double middle = (size - 1) / 2.0;
    double x0 = middle + BORDER + shiftX * size / 2 - (xx - sin) * middle;
    double y0 = middle + BORDER + shiftY * size / 2 - (yx + cos) * middle;
    return new Warp(
        (float) xx, (float) -sin, (float) x0, (float) yx, (float) cos, (float) y0, (float) gain);
  }

  private static double symmetric(RandomGenerator random, double range) {
    return (2 * random.nextDouble() - 1) * range;
  }
}
