package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** x ↦ x·Wᵀ + b: [B, in] → [B, out]; both sizes are at least 1. */
public final class Linear extends Layer {

  private final int in;
  private final Tensor weight;
  private final TensorOptional bias;

  private Linear(Tensor weight, Tensor biasOrNull) {
    this.in = Math.toIntExact(weight.size(1));
    this.weight = parameter("weight", weight);
    if (biasOrNull == null) {
      this.bias = new TensorOptional();
    } else {
      this.bias = new TensorOptional(parameter("bias", biasOrNull));
    }
    this.bias.retainReference();
  }

  /** With a bias; both start uniform in ±1/√in. */
  public static Linear withBias(RandomGenerator random, int in, int out) {
    return new Linear(Init.uniformFanIn(random, in, out, in), Init.uniformFanIn(random, in, out));
  }

  /** Without a bias; the weight starts uniform in ±1/√in. */
  public static Linear withoutBias(RandomGenerator random, int in, int out) {
    return new Linear(Init.uniformFanIn(random, in, out, in), null);
  }

  /** With a bias; both start at zero, so that the layer adds nothing at first. */
  public static Linear zero(int in, int out) {
    return new Linear(Init.constant(0, out, in), Init.constant(0, out));
  }

  /** W [out, in]. */
  public Tensor weight() {
    return weight;
  }

  /** b [out]; null without one. */
  public Tensor biasOrNull() {
    return bias.has_value() ? bias.get() : null;
  }

  @Override
  public Tensor forward(Tensor input) {
    LayerInput.rows("linear", input, in);
    return torch.linear(input, weight, bias);
  }
}
