package org.crossdistill.loss;

import java.util.List;
import java.util.Set;
import org.crossdistill.kernel.Backend;

/** {@link RkdLoss} by name. */
public final class NamedRkd extends NamedPairLoss<RkdLoss.Options> {

  /** For the service loader. */
  public NamedRkd() {
    super(
        "rkd",
        RkdLoss.Options.defaults(),
        List.of("B", "D"),
        List.of("B", "E"),
        Set.of(Backend.CPU),
        RkdLoss::new);
  }
}
