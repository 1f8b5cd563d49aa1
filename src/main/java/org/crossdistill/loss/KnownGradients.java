package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Makes a loss whose gradients are known already a node of LibTorch's graph. Σ x·g has the
 * derivative g with respect to x; its value is replaced by the loss. So LibTorch itself keeps,
 * scales and frees the gradients, and no Java code runs in its backward pass.
 */
final class KnownGradients {

  private final List<Tensor> inputs = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();

  /** Adds an output if autograd wants the gradient that it holds. */
  static <E> void askFor(Set<E> outputs, E output, Tensor input) {
    if (Arguments.isGiven(input) && input.requires_grad() && GradMode.is_enabled()) {
      outputs.add(output);
    }
  }

  /**
   * Adds an input; one that is null or wants no gradient is left out.
   *
   * @param gradient of the loss with respect to the input; null if it was not computed
   */
  KnownGradients add(Tensor input, Tensor gradient) {
    if (gradient != null && input != null && input.requires_grad()) {
      inputs.add(input);
      gradients.add(gradient);
    }
    return this;
  }

  /** The loss, differentiable with respect to the inputs that were added. */
  Tensor node(Tensor loss) {
    if (inputs.isEmpty()) {
      return loss;
    }
    try (Results results = new Results()) {
      ScalarType type = loss.scalar_type();
      Tensor sum = flat(inputs.get(0), type).dot(flat(gradients.get(0), type));
      for (int i = 1; i < inputs.size(); i++) {
        sum = sum.add(flat(inputs.get(i), type).dot(flat(gradients.get(i), type)));
      }
      sum.set_data(loss);
      return results.keep(sum);
    }
  }

  /** In the accumulation type, so that the upstream gradient is not rounded to a half type. */
  private static Tensor flat(Tensor tensor, ScalarType type) {
    return tensor.to(type).reshape(-1);
  }
}
