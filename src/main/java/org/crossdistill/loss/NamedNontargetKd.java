package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link KdLoss} by name, over all classes but the target. */
public final class NamedNontargetKd implements NamedLoss<KdParameters> {

  @Override
  public String name() {
    return "nontarget-kd";
  }

  @Override
  public KdParameters defaults() {
    return KdParameters.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return KdParameters.inputs(KdLoss.Target.EXCLUDE);
  }

  @Override
  public Map<String, Tensor> compute(
      KdParameters parameters, NamedTensors inputs, Backend backend) {
    return parameters.compute(KdLoss.Target.EXCLUDE, inputs, backend);
  }
}
