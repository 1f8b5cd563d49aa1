package org.crossdistill.loss;

/** {@link DkdLoss} by name. */
public final class NamedDkd extends NamedLogitLoss<DkdLoss.Options> {

  public NamedDkd() {
    super("dkd", DkdLoss.Options.defaults(), DkdLoss::new);
  }
}
