package org.crossdistill.method;

/**
 * Weights of the two terms that rivals share: L = identity·L_id + distillation·L_distil.
 *
 * @param identity of the student's identity loss, ≥ 0
 * @param distillation of the distillation term, ≥ 0
 * @param warmUp share of the training over which the distillation term rises from 0, in [0, 1)
 */
public record Weights(double identity, double distillation, double warmUp) {

  /** Both 1, no warm-up. */
  public static Weights defaults() {
    return new Weights(1, 1, 0);
  }

  /** Checks the ranges. */
  public Weights {
    requireFactor("identity", identity);
    requireFactor("distillation", distillation);
    if (!(warmUp >= 0 && warmUp < 1)) {
      throw new MethodException("warm-up: expected a number in [0, 1), found " + warmUp);
    }
  }

  /** The distillation term's weight after a share of the training. */
  double distillationAt(double progress) {
    return progress < warmUp ? distillation * progress / warmUp : distillation;
  }

  static void requireFactor(String key, double value) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new MethodException(key + ": expected a finite number >= 0, found " + value);
    }
  }
}
