package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link KdLoss} by name, with the target's logit set to 0. */
public final class NamedZeroLogitKd implements NamedLoss<NamedZeroLogitKd.Parameters> {

  /**
   * As {@link KdParameters}, but for the temperature that is the default.
   *
   * @param temperature T, from 1e-9 to 1e9
   * @param reduction of the rows' losses
   */
  public record Parameters(double temperature, Reduction reduction) {

    /** T = 1, reduction {@code mean}. */
    public static Parameters defaults() {
      return new Parameters(1, Reduction.MEAN);
    }
  }

  @Override
  public String name() {
    return "zero-logit-kd";
  }

  @Override
  public Parameters defaults() {
    return Parameters.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return KdParameters.inputs(KdLoss.Target.ZERO_LOGIT);
  }

  @Override
  public Map<String, Tensor> compute(Parameters parameters, NamedTensors inputs, Backend backend) {
    return new KdParameters(parameters.temperature, parameters.reduction)
        .compute(KdLoss.Target.ZERO_LOGIT, inputs, backend);
  }
}
