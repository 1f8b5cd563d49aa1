package org.crossdistill.loss;

import java.util.List;

/** {@link PktLoss} by name. */
public final class NamedPkt extends NamedPairLoss<PktLoss.Options> {

  /** For the service loader. */
  public NamedPkt() {
    super("pkt", PktLoss.Options.defaults(), List.of("B", "D"), List.of("B", "E"), PktLoss::new);
  }
}
