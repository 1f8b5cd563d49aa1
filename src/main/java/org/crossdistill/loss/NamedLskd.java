package org.crossdistill.loss;

/** {@link LskdLoss} by name. */
public final class NamedLskd extends NamedLogitLoss<LskdLoss.Options> {

  /** For the service loader. */
  public NamedLskd() {
    super("lskd", LskdLoss.Options.defaults(), LskdLoss.KERNELS, LskdLoss::new);
  }
}
