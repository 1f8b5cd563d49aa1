package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link KendallTau} by name; it has no value and no gradients. */
public final class NamedKendallTau implements NamedLoss<KendallTau.Options> {

  @Override
  public String name() {
    return "kendall-tau";
  }

  @Override
  public KendallTau.Options defaults() {
    return KendallTau.Options.defaults();
  }

  @Override
  public boolean hasKernel() {
    return false;
  }

  @Override
  public Map<String, List<String>> inputs() {
    return Map.of("a", List.of("B", "C"), "b", List.of("B", "C"));
  }

  @Override
  public Map<String, Tensor> compute(
      KendallTau.Options options, NamedTensors inputs, Backend backend) {
    return Map.of("tau", new KendallTau(options).forward(inputs.get("a"), inputs.get("b")));
  }
}
