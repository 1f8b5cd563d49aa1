package org.crossdistill.loss;

import java.util.EnumSet;
import org.crossdistill.kernel.Backend;

/** {@link DkdLoss} by name. */
public final class NamedDkd extends NamedLogitLoss<DkdLoss.Options> {

  /** For the service loader. */
  public NamedDkd() {
    super("dkd", DkdLoss.Options.defaults(), EnumSet.of(Backend.CPU, Backend.CUDA), DkdLoss::new);
  }
}
