package org.crossdistill.loss;

import java.util.List;
import java.util.Set;
import org.crossdistill.kernel.Backend;

/** {@link RkdLoss} by name. */
public final class NamedRkd extends NamedPairLoss<RkdLoss.Options> {

  /** For the service loader. */
  public NamedRkd() {
    super("rkd", RkdLoss.Options.defaults(), List.of("B", "D"), List.of("B", "E"), RkdLoss::new);
  }

  @Override
  public Set<Backend> kernels() {
    return Set.of(Backend.CPU);
  }

  @Override
  PairLoss create(RkdLoss.Options options, Backend backend) {
    return new RkdLoss(options, backend);
  }
}
