package org.crossdistill.loss;

import java.util.List;

/** {@link SpLoss} by name. */
public final class NamedSp extends NamedPairLoss<SpLoss.Options> {

  /** For the service loader. */
  public NamedSp() {
    super("sp", SpLoss.Options.defaults(), List.of("B", "D"), List.of("B", "E"), SpLoss::new);
  }
}
