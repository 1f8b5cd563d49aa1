package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.method.ParameterGroup;

/** Stochastic gradient descent with momentum; weight decay is added to the gradient. */
final class Sgd extends Optimizer {

  private final double momentum;
  private final List<Tensor> velocity = new ArrayList<>();

  Sgd(List<ParameterGroup> groups, OptimizerOptions options) {
    super(groups, options.weightDecay());
    this.momentum = options.momentum();
    for (Flat flat : flats()) {
      velocity.add(flat.parameters().zeros());
    }
  }

  @Override
  void update(int index, Flat flat, double learningRate, long step) {
    Tensor p = flat.parameters().values();
    Tensor v = velocity.get(index);
    v.mul_(scalar(momentum)).add_(flat.parameters().gradients());
    v.add_(p, scalar(flat.weightDecay()));
    p.add_(v, scalar(-learningRate));
  }

  @Override
  Map<String, Tensor> state(int index) {
    return Map.of("velocity", velocity.get(index));
  }
}
