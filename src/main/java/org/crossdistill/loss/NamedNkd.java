package org.crossdistill.loss;

/** {@link NkdLoss} by name. */
public final class NamedNkd extends NamedLogitLoss<NkdLoss.Options> {

  /** For the service loader. */
  public NamedNkd() {
    super("nkd", NkdLoss.Options.defaults(), NkdLoss.KERNELS, NkdLoss::new);
  }
}
