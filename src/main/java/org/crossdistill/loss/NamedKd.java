package org.crossdistill.loss;

/** {@link KdLoss} by name. */
public final class NamedKd extends NamedLogitLoss<KdLoss.Options> {

  public NamedKd() {
    super("kd", KdLoss.Options.defaults(), KdLoss::new);
  }
}
