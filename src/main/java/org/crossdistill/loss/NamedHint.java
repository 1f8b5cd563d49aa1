package org.crossdistill.loss;

import java.util.List;

/** {@link HintLoss} by name. */
public final class NamedHint extends NamedPairLoss<HintLoss.Options> {

  /** For the service loader. */
  public NamedHint() {
    super("hint", HintLoss.Options.defaults(), List.of("B", "D"), List.of("B", "D"), HintLoss::new);
  }
}
