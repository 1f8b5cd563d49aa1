package org.crossdistill.method;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.nn.Tensors;

/**
 * What a method wants of one step: the terms of its loss, as numbers to log, and the gradients that
 * the loss kernels computed, each with the tensor it belongs to. {@link #backward} hands them to
 * LibTorch, which carries them on through the networks; no node of the losses is in the graph.
 */
public final class Objective {

  private boolean done;
  private final Map<String, Tensor> terms = new LinkedHashMap<>();
  private final TensorVector outputs = new TensorVector();
  private final TensorVector gradients = new TensorVector();

  /**
   * Adds a term to log.
   *
   * @param value a single number, unweighted
   * @throws MethodException if it is something else
   */
  public Objective term(String name, Tensor value) {
    if (!Tensors.isGiven(value) || value.numel() != 1) {
      throw new MethodException(
          "%s: expected a single number, found %s"
              .formatted(name, Tensors.isGiven(value) ? shape(value) : "no tensor"));
    }
    terms.put(name, value);
    return this;
  }

  /**
   * Adds d loss / d output, of output's shape, times the term's weight. Where the output needs no
   * gradient (a frozen matrix, say) nothing is added.
   *
   * @throws MethodException if one of them is missing or the gradient has another shape
   */
  public Objective gradient(Tensor output, Tensor gradient) {
    if (!Tensors.isGiven(output)) {
      throw new MethodException("output: expected a tensor, found none");
    }
    if (output.requires_grad()) {
      if (!Tensors.isGiven(gradient) || !gradient.is_same_size(output)) {
        throw new MethodException(
            "gradient: expected the output's shape %s, found %s"
                .formatted(
                    shape(output), Tensors.isGiven(gradient) ? shape(gradient) : "no tensor"));
      }
      outputs.push_back(output);
      gradients.push_back(gradient);
    }
    return this;
  }

  /**
   * Adds a term that is a part of the networks' graph, such as a composition of LibTorch
   * operations, and its gradient times a weight.
   *
   * @param value a single number
   * @throws MethodException if it is something else
   */
  public Objective add(String name, double weight, Tensor value) {
    return term(name, Tensors.isGiven(value) ? value.detach() : null)
        .gradient(value, torch.ones_like(value).mul(new Scalar(weight)));
  }

  /** The terms by name, in the order in which they were added. */
  public Map<String, Tensor> terms() {
    return terms;
  }

  /**
   * Adds the gradients of all parameters to their {@code grad}.
   *
   * @throws MethodException when called a second time: the graph is gone
   */
  public void backward() {
    if (done) {
      throw new MethodException("backward: expected one call for each step, found a second");
    }
    done = true;
    if (outputs.size() > 0) {
      torch.backward(outputs, gradients, new BoolOptional(false), false, new TensorVector());
    }
  }

  private static String shape(Tensor tensor) {
    return Arrays.toString(tensor.shape());
  }
}
