package org.crossdistill.loss;

import java.util.List;
import java.util.Set;
import org.crossdistill.kernel.Backend;

/** {@link DistLoss} by name. */
public final class NamedDist extends NamedPairLoss<DistLoss.Options> {

  /** For the service loader. */
  public NamedDist() {
    super(
        "dist",
        DistLoss.Options.defaults(),
        List.of("B", "C"),
        List.of("B", "C"),
        Set.of(Backend.CPU),
        DistLoss::new);
  }
}
