package org.crossdistill.loss;

/** {@link KdLoss} with the label's logit set to 0, by name. */
public final class NamedZeroLogitKd extends NamedLogitLoss<KdLoss.Options> {

  public NamedZeroLogitKd() {
    super(
        "zero-logit-kd",
        KdLoss.Options.nonTargetDefaults(),
        options -> new KdLoss(options, KdLoss.Target.ZERO));
  }
}
