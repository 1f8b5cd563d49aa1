package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.crossdistill.method.ParameterGroup;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.Test;

/** Our optimisers against LibTorch's own. */
class OptimizerTest {

  private static final double RATE = 0.01;
  private static final double DECAY = 0.05;

  private final SplittableRandom random = new SplittableRandom(1);
  private final Tensor start = Init.normal(random, 3, 4);
  private final Tensor target = Init.normal(random, 3, 4);
  private final Tensor ours = start.clone().requires_grad_(true);
  private final Tensor theirs = start.clone().requires_grad_(true);

  private static OptimizerOptions options(OptimizerOptions.Name name) {
    return new OptimizerOptions(name, RATE, DECAY, 0.9, 0.99, 1e-8, 0.9);
  }

  private void backward(Tensor parameter) {
    parameter.sub(target).pow(new Scalar(4)).sum().backward();
  }

  private void compare(OptimizerOptions.Name name, org.bytedeco.pytorch.Optimizer reference) {
    Optimizer optimizer =
        Optimizer.of(options(name), List.of(new ParameterGroup(Map.of("p", ours), 1)));
    for (int i = 0; i < 20; i++) {
      optimizer.zeroGradients();
      backward(ours);
      optimizer.step(RATE);
      reference.zero_grad();
      backward(theirs);
      reference.step();
    }
    assertThat(Tensors.floats(ours)).isNotEqualTo(Tensors.floats(start));
    assertThat(Tensors.floats(ours)).containsExactly(Tensors.floats(theirs), within(2e-6f));
  }

  @Test
  void adamwAgreesWithLibTorch() {
    AdamWOptions adamw = new AdamWOptions(RATE);
    adamw.weight_decay().put(DECAY);
    adamw.betas().put(0.99, 0.9); // a std::tuple, which libstdc++ lays out backwards
    compare(
        OptimizerOptions.Name.ADAMW,
        new org.bytedeco.pytorch.AdamW(new TensorVector(theirs), adamw));
  }

  @Test
  void sgdAgreesWithLibTorch() {
    SGDOptions sgd = new SGDOptions(RATE);
    sgd.weight_decay().put(DECAY);
    sgd.momentum().put(0.9);
    compare(OptimizerOptions.Name.SGD, new org.bytedeco.pytorch.SGD(new TensorVector(theirs), sgd));
  }

  @Test
  void vectorsDoNotDecay() {
    Tensor bias = Init.constant(1, 4).requires_grad_(true);
    Optimizer optimizer =
        Optimizer.of(
            options(OptimizerOptions.Name.ADAMW),
            List.of(new ParameterGroup(Map.of("bias", bias), 1)));

    optimizer.step(RATE);

    assertThat(Tensors.floats(bias)).containsExactly(1, 1, 1, 1);
  }

  @Test
  void clippingScalesAllGradientsTogether() {
    Optimizer optimizer =
        Optimizer.of(
            options(OptimizerOptions.Name.SGD), List.of(new ParameterGroup(Map.of("p", ours), 1)));
    ours.mutable_grad().fill_(new Scalar(2));

    optimizer.clipGradients(100);
    assertThat(Tensors.floats(ours.grad())).containsOnly(2f);

    optimizer.clipGradients(1);
    double norm = ours.grad().norm().item_double();
    assertThat(norm).isCloseTo(1, within(1e-6));
  }

  @Test
  void rateRisesAndFallsAsACosine() {
    LearningRateSchedule schedule = new LearningRateSchedule(2, 0.1, 100);

    assertThat(schedule.at(0)).isCloseTo(0.2, within(1e-12));
    assertThat(schedule.at(9)).isCloseTo(2, within(1e-12));
    assertThat(schedule.at(10)).isCloseTo(2, within(1e-12));
    assertThat(schedule.at(55)).isCloseTo(1, within(1e-12));
    assertThat(schedule.at(100)).isCloseTo(0, within(1e-12));
  }
}
