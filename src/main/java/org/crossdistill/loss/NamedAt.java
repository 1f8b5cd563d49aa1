package org.crossdistill.loss;

import java.util.List;

/** {@link AtLoss} by name. */
public final class NamedAt extends NamedPairLoss<AtLoss.Options> {

  /** For the service loader. */
  public NamedAt() {
    super(
        "at",
        AtLoss.Options.defaults(),
        List.of("B", "C", "H", "W"),
        List.of("B", "D", "G", "V"),
        AtLoss::new);
  }
}
