package org.crossdistill.train;

/**
 * Learning rate by step: a linear warm-up from 0, then half a cosine down to 0.
 *
 * @param peak the highest learning rate
 * @param warmUp share of all steps that the warm-up takes, in [0, 1)
 * @param totalSteps of the training
 */
record LearningRateSchedule(double peak, double warmUp, long totalSteps) {

  /** The rate of step {@code step}, counted from 0. */
  double at(long step) {
    double warm = warmUp * totalSteps;
    if (step < warm) {
      return peak * Math.min(1, (step + 1) / warm);
    }
    double done = (step - warm) / Math.max(1, totalSteps - warm);
    return peak * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));
  }
}
