package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link KdLoss} by name, with the target's logit set to 0. */
public final class NamedZeroLogitKd implements NamedLoss<KdParameters> {

  @Override
  public String name() {
    return "zero-logit-kd";
  }

  /** T = 1, reduction {@code mean}. */
  @Override
  public KdParameters defaults() {
    return new KdParameters(1, Reduction.MEAN);
  }

  @Override
  public Map<String, List<String>> inputs() {
    return KdParameters.inputs(KdLoss.Target.ZERO_LOGIT);
  }

  @Override
  public Map<String, Tensor> compute(
      KdParameters parameters, NamedTensors inputs, Backend backend) {
    return parameters.compute(KdLoss.Target.ZERO_LOGIT, inputs, backend);
  }
}
