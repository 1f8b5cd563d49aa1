package org.crossdistill.loss;

import java.util.List;
import java.util.Set;
import org.crossdistill.kernel.Backend;

/** {@link SpLoss} by name. */
public final class NamedSp extends NamedPairLoss<SpLoss.Options> {

  /** For the service loader. */
  public NamedSp() {
    super(
        "sp",
        SpLoss.Options.defaults(),
        List.of("B", "D"),
        List.of("B", "E"),
        Set.of(Backend.CPU),
        SpLoss::new);
  }
}
