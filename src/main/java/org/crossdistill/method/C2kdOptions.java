package org.crossdistill.method;

import org.crossdistill.loss.C2kdLoss;

/**
 * The switches of {@link C2kd}.
 *
 * @param loss temperature, the threshold krc of the selection, and how the target is left out
 * @param teacherLearningRate multiplier of the teacher's learning rate, ≥ 0; 0 holds it fixed
 */
public record C2kdOptions(C2kdLoss.Options loss, double teacherLearningRate) {

  /** T = 1, krc = 0, {@code zero-logit}, all networks at one rate: the authors'. */
  public static C2kdOptions defaults() {
    return new C2kdOptions(C2kdLoss.Options.defaults(), 1);
  }

  /** Checks the range. */
  public C2kdOptions {
    Weights.requireFactor("teacher-learning-rate", teacherLearningRate);
  }
}
