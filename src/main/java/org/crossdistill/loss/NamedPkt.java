package org.crossdistill.loss;

import java.util.List;
import java.util.Set;
import org.crossdistill.kernel.Backend;

/** {@link PktLoss} by name. */
public final class NamedPkt extends NamedPairLoss<PktLoss.Options> {

  /** For the service loader. */
  public NamedPkt() {
    super(
        "pkt",
        PktLoss.Options.defaults(),
        List.of("B", "D"),
        List.of("B", "E"),
        Set.of(Backend.CPU),
        PktLoss::new);
  }
}
