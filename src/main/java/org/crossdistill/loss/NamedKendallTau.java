package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link KendallTau} by name. */
public final class NamedKendallTau implements NamedLoss<NamedKendallTau.Parameters> {

  /** There are none. */
  public record Parameters() {

    /** The only value. */
    public static Parameters defaults() {
      return new Parameters();
    }
  }

  @Override
  public String name() {
    return "kendall-tau";
  }

  @Override
  public Parameters defaults() {
    return Parameters.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return Map.of("a", List.of("B", "C"), "b", List.of("B", "C"));
  }

  @Override
  public Map<String, Tensor> compute(Parameters parameters, NamedTensors inputs, Backend backend) {
    return Map.of("tau", new KendallTau(backend).forward(inputs.get("a"), inputs.get("b")));
  }
}
