package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.method.ParameterGroup;

/** Adam with decoupled weight decay (Loshchilov and Hutter, 2019). */
final class AdamW extends Optimizer {

  private final OptimizerOptions options;
  private final List<Tensor> first = new ArrayList<>();
  private final List<Tensor> second = new ArrayList<>();

  AdamW(List<ParameterGroup> groups, OptimizerOptions options) {
    super(groups, options.weightDecay());
    this.options = options;
    for (Flat flat : flats()) {
      first.add(flat.parameters().zeros());
      second.add(flat.parameters().zeros());
    }
  }

  @Override
  void update(int index, Flat flat, double learningRate, long step) {
    Tensor p = flat.parameters().values();
    Tensor g = flat.parameters().gradients();
    Tensor m = first.get(index);
    Tensor v = second.get(index);
    double correction1 = 1 - Math.pow(options.beta1(), step);
    double correction2 = 1 - Math.pow(options.beta2(), step);

    p.mul_(scalar(1 - learningRate * flat.weightDecay()));
    m.lerp_(g, scalar(1 - options.beta1()));
    v.mul_(scalar(options.beta2())).addcmul_(g, g, scalar(1 - options.beta2()));
    Tensor denominator =
        v.sqrt().mul_(scalar(1 / Math.sqrt(correction2))).add_(scalar(options.epsilon()));
    p.addcdiv_(m, denominator, scalar(-learningRate / correction1));
  }

  @Override
  Map<String, Tensor> state(int index) {
    return Map.of("first-moment", first.get(index), "second-moment", second.get(index));
  }
}
