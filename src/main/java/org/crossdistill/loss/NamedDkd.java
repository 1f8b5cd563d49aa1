package org.crossdistill.loss;

/** {@link DkdLoss} by name. */
public final class NamedDkd extends NamedLogitLoss<DkdLoss.Options> {

  /** For the service loader. */
  public NamedDkd() {
    super("dkd", DkdLoss.Options.defaults(), DkdLoss.KERNELS, DkdLoss::new);
  }
}
