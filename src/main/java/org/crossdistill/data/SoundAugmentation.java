package org.crossdistill.data;

/**
 * How much log-mel spectrograms are varied in training: a shift in time, one masked stretch of time
 * and one of bands (SpecAugment, Park et al. 2019), without time warping. Each length is drawn
 * uniformly from 0 up to its largest value. What comes in or is masked is 0, the clip's mean.
 *
 * @param shift largest shift in frames to either side
 * @param timeMask longest masked stretch of time, in frames
 * @param bandMask widest masked stretch of bands
 */
public record SoundAugmentation(int shift, int timeMask, int bandMask) {

  /** {@return a shift of up to 4 frames, masks of up to 6 frames and 6 bands} */
  public static SoundAugmentation defaults() {
    return new SoundAugmentation(4, 6, 6);
  }

  /** Checks the ranges. */
  public SoundAugmentation {
    if (shift < 0 || timeMask < 0 || bandMask < 0) {
      throw new DataException(
          "sound augmentation: expected shift, time-mask and band-mask ≥ 0, found %d, %d and %d"
              .formatted(shift, timeMask, bandMask));
    }
  }
}
