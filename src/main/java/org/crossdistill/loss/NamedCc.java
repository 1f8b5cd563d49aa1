package org.crossdistill.loss;

import java.util.List;

/** {@link CcLoss} by name. */
public final class NamedCc extends NamedPairLoss<CcLoss.Options> {

  /** For the service loader. */
  public NamedCc() {
    super("cc", CcLoss.Options.defaults(), List.of("B", "D"), List.of("B", "D"), CcLoss::new);
  }
}
