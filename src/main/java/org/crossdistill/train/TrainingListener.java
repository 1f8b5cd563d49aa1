package org.crossdistill.train;

/** Is told how a training goes; called on the training's thread. */
public interface TrainingListener {

  /** A step is done; {@code step} counts from 1 to {@code totalSteps}. */
  default void onStep(long step, long totalSteps) {}

  /** An epoch is done; the networks are in inference mode. */
  default void onEpoch(EpochReport report) {}
}
