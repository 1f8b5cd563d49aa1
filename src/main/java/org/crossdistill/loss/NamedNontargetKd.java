package org.crossdistill.loss;

/** {@link KdLoss} over the classes but the label's, by name. */
public final class NamedNontargetKd extends NamedLogitLoss<KdLoss.Options> {

  public NamedNontargetKd() {
    super(
        "nontarget-kd",
        KdLoss.Options.nonTargetDefaults(),
        options -> new KdLoss(options, KdLoss.Target.EXCLUDED));
  }
}
