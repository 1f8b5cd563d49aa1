package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link C2kdLoss} by name. */
public final class NamedC2kd implements NamedLoss<C2kdLoss.Options> {

  private static final List<String> MATRIX = List.of("B", "C");

  @Override
  public String name() {
    return "c2kd";
  }

  @Override
  public C2kdLoss.Options defaults() {
    return C2kdLoss.Options.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return Map.of(
        "teacher", MATRIX,
        "student", MATRIX,
        "proxy-teacher", MATRIX,
        "proxy-student", MATRIX,
        "labels", List.of("B"));
  }

  @Override
  public boolean stopsGradients() {
    return true;
  }

  @Override
  public Map<String, Tensor> compute(
      C2kdLoss.Options options, NamedTensors inputs, Backend backend) {
    C2kdLoss.Logits logits =
        new C2kdLoss.Logits(
            inputs.get("teacher"),
            inputs.get("student"),
            inputs.get("proxy-teacher"),
            inputs.get("proxy-student"));
    C2kdLoss.Result result =
        new C2kdLoss(options, backend).forward(logits, inputs.get("labels"), 1);
    return Map.of(
        "loss", result.loss().reshape(1),
        "terms", result.terms(),
        "tau", result.tau(),
        "grad.teacher", result.gradients().teacher(),
        "grad.student", result.gradients().student(),
        "grad.proxy-teacher", result.gradients().proxyTeacher(),
        "grad.proxy-student", result.gradients().proxyStudent());
  }
}
