package org.crossdistill.data;

/**
 * How much pictures are varied in training. Each value is drawn uniformly.
 *
 * @param shift largest shift to each side and up and down, in halves of the picture's side: the
 *     picture spans [−1, 1], as in spatial transformers (Jaderberg et al. 2015)
 * @param zoom the size is multiplied by e^z with |z| up to this
 * @param rotation largest angle in radians to each side
 * @param flip whether half of the pictures are mirrored, left to right
 * @param gain the ink is multiplied by 1 + g with |g| up to this, below 1
 */
public record PictureAugmentation(
    double shift, double zoom, double rotation, boolean flip, double gain) {

  /** {@return what suits small pictures of things} */
  public static PictureAugmentation defaults() {
    return new PictureAugmentation(0.15, 0.25, 0.35, true, 0.2);
  }

  /** Pictures as they are. */
  public static final PictureAugmentation NONE = new PictureAugmentation(0, 0, 0, false, 0);

  /** Checks the ranges. */
  public PictureAugmentation {
    check("shift", shift, Double.MAX_VALUE);
    check("zoom", zoom, Double.MAX_VALUE);
    check("rotation", rotation, Double.MAX_VALUE);
    check("gain", gain, Math.nextDown(1.0));
  }

  private static void check(String name, double value, double max) {
    if (!(value >= 0 && value <= max)) {
      throw new DataException(
          "augmentation: expected %s ≥ 0%s, found %s"
              .formatted(name, max < 1 ? " and below 1" : "", value));
    }
  }
}
