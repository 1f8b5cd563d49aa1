package org.crossdistill.data;

/**
 * Turns a picture into numbers for a network: ink = 1 − colour, so that white is 0 and padding with
 * zeros adds white paper; shrunk to a square by averaging areas; then (ink − mean) / std.
 *
 * <p>A picture that is no square stands in the middle of a white one.
 *
 * @param size side of the result in pixels
 * @param mean subtracted from the ink
 * @param std divides the ink, more than 0
 */
public record PictureTransform(int size, float mean, float std) {

  /** 32 × 32 pixels, and the mean and spread of drawn symbols. */
  public static final PictureTransform DEFAULT = new PictureTransform(32, 0.25f, 0.35f);

  private static final double WHITE = 255;

  /** Checks the options. */
  public PictureTransform {
    if (size < 1 || !(std > 0) || !Float.isFinite(mean)) {
      throw new DataException(
          "picture transform: expected size ≥ 1, a finite mean and std > 0, found %d, %s and %s"
              .formatted(size, mean, std));
    }
  }

  /** {@return floats of one picture: 3 · size · size} */
  public int length() {
    return Picture.CHANNELS * size * size;
  }

  /**
   * Shrinks a picture.
   *
   * @param picture of any size
   * @return ink [3, size, size] in [0, 1]; red ink is what red lacks
   */
  public float[] ink(Picture picture) {
    int side = Math.max(picture.width(), picture.height());
    Overlap[] columns = overlaps(picture.width(), side);
    Overlap[] rows = overlaps(picture.height(), side);
    float[] ink = new float[length()];
    int at = 0;
    for (int channel = 0; channel < Picture.CHANNELS; channel++) {
      for (Overlap row : rows) {
        for (Overlap column : columns) {
          ink[at++] = (float) mean(picture, channel, row, column);
        }
      }
    }
    return ink;
  }

  /**
   * Centres and scales ink, in place.
   *
   * @param ink any number of values
   */
  public void normalise(float[] ink) {
    normalise(ink, 0, ink.length);
  }

  /** As {@link #normalise(float[])}, of {@code count} values from {@code from} on. */
  void normalise(float[] ink, int from, int count) {
    for (int i = from; i < from + count; i++) {
      ink[i] = (ink[i] - mean) / std;
    }
  }

  /** The pixels that one pixel of the result covers along one axis, and their shares of it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Overlap(int first, double... shares) {}

  /** Along an axis with so many pixels, in the middle of a square with that side. */
  private Overlap[] overlaps(int pixels, int side) {
    double margin = (side - pixels) / 2.0;
    double step = (double) side / size;
    Overlap[] overlaps = new Overlap[size];
    for (int i = 0; i < size; i++) {
      double begin = Math.max(i * step - margin, 0);
      double end = Math.min((i + 1) * step - margin, pixels);
      int first = (int) begin;
      int count = Math.max((int) Math.ceil(end) - first, 0);
      double[] shares = new double[count];
      for (int k = 0; k < count; k++) {
        double overlap = Math.min(first + k + 1, end) - Math.max(first + k, begin);
        shares[k] = overlap / step;
      }
      overlaps[i] = new Overlap(first, shares);
    }
    return overlaps;
  }

  /** What lies beyond the picture has no ink and adds nothing. */
  private static double mean(Picture picture, int channel, Overlap row, Overlap column) {
    double sum = 0;
    for (int y = 0; y < row.shares().length; y++) {
      for (int x = 0; x < column.shares().length; x++) {
        double ink = 1 - picture.value(column.first() + x, row.first() + y, channel) / WHITE;
        sum += row.shares()[y] * column.shares()[x] * ink;
      }
    }
    return sum;
  }
}
