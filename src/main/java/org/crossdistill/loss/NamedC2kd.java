package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.C2kdLoss.Logits;

/** {@link C2kdLoss} by name. */
public final class NamedC2kd implements NamedLoss<C2kdLoss.Options> {

  @Override
  public String name() {
    return "c2kd";
  }

  @Override
  public C2kdLoss.Options defaults() {
    return C2kdLoss.Options.defaults();
  }

  @Override
  public boolean hasKernel() {
    return false;
  }

  @Override
  public boolean holdsSidesFixed() {
    return true;
  }

  @Override
  public Map<String, List<String>> inputs() {
    List<String> logits = List.of("B", "C");
    return Map.of(
        "teacher", logits,
        "student", logits,
        "proxy-teacher", logits,
        "proxy-student", logits,
        "labels", List.of("B"));
  }

  @Override
  public Map<String, Tensor> compute(
      C2kdLoss.Options options, NamedTensors inputs, Backend backend) {
    Logits logits =
        new Logits(
            inputs.get("teacher"),
            inputs.get("student"),
            inputs.get("proxy-teacher"),
            inputs.get("proxy-student"));
    C2kdLoss.Result result = new C2kdLoss(options).forward(logits, inputs.get("labels"), 1);
    return Map.of(
        "loss", result.loss().reshape(1),
        "tau", result.tau(),
        "grad.teacher", result.gradients().teacher(),
        "grad.student", result.gradients().student(),
        "grad.proxy-teacher", result.gradients().proxyTeacher(),
        "grad.proxy-student", result.gradients().proxyStudent());
  }
}
