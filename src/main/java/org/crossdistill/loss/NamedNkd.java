package org.crossdistill.loss;

/** {@link NkdLoss} by name. */
public final class NamedNkd extends NamedLogitLoss<NkdLoss.Options> {

  public NamedNkd() {
    super("nkd", NkdLoss.Options.defaults(), NkdLoss::new);
  }
}
