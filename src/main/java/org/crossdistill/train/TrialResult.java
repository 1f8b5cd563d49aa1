package org.crossdistill.train;

/**
 * What one training of a search gave.
 *
 * @param trial its settings
 * @param seed of the training
 * @param metric what was measured on the validation data after the last epoch
 * @param value the number; NaN where there is none
 * @param diverged whether the training came to no end since a loss was no finite number
 * @param failure one line on why it could not be done at all; null if it could
 */
public record TrialResult(
    Tuning.Trial trial, long seed, String metric, double value, boolean diverged, String failure) {

  /** Whether the time was up before it was done. */
  public boolean isLeft() {
    return Double.isNaN(value) && !diverged && failure == null;
  }
}
