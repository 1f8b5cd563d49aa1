package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Module;

/**
 * A method's networks without its losses, to measure what their passes cost: a step runs all of
 * them forward, and backward from the sum of their outputs.
 */
public final class NetworksAlone implements Method {

  private final Method method;

  public NetworksAlone(Method method) {
    this.method = method;
  }

  @Override
  public Backbone student() {
    return method.student();
  }

  @Override
  public Layer classifier() {
    return method.classifier();
  }

  @Override
  public Map<String, Module> networks() {
    return method.networks();
  }

  @Override
  public List<ParameterGroup> parameterGroups() {
    return method.parameterGroups();
  }

  @Override
  public boolean paired() {
    return method.paired();
  }

  @Override
  public Objective step(Batch batch) {
    Objective objective = new Objective();
    method.outputs(batch).forEach(output -> objective.gradient(output, torch.ones_like(output)));
    return objective;
  }
}
