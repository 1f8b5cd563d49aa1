package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Module;

/**
 * A method's networks without its losses, to measure what their passes cost: a step runs the
 * student's backbone and classifier, and the other modality's where the method runs them, forward
 * and backward from the sum of the scores. Small networks that only a loss looks at are left out.
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
    add(objective, student(), classifier(), batch.student());
    method
        .other()
        .ifPresent(other -> add(objective, other.backbone(), other.classifier(), batch.teacher()));
    return objective;
  }

  private static void add(
      Objective objective, Backbone backbone, Layer classifier, Batch.Side side) {
    Tensor scores = classifier.forward(backbone.forward(side.input())); // [B, C]
    objective.gradient(scores, torch.ones_like(scores));
  }
}
