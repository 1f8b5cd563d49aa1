package org.crossdistill.nn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;

/**
 * A network, or a part of one, or state that is saved with it: named parameters (trained), named
 * buffers (state that is not trained, such as running means) and named children. Its tensors
 * outlive the {@link PointerScope} in which they were made; they live as long as the module is
 * reachable.
 *
 * <p>Not safe for use by several threads at once; different modules are independent.
 */
public abstract class Module {

  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Map<String, Tensor> buffers = new LinkedHashMap<>();
  private final Map<String, Module> children = new LinkedHashMap<>();
  private boolean training = true;

  /**
   * Registers a trained tensor and returns it; it requires a gradient from here on.
   *
   * @param initial f32; of inference mode, its copy is registered and returned
   * @throws NetworkException if it has another type, or the name is taken
   */
  protected final Tensor parameter(String name, Tensor initial) {
    LayerInput.parameter(name, initial);
    Tensor parameter = kept(name, initial).requires_grad_(true);
    parameters.put(name, parameter);
    return parameter;
  }

  /**
   * Registers a tensor that belongs to the state but is not trained, and returns it.
   *
   * @param initial of any type; of inference mode, its copy is registered and returned
   * @throws NetworkException if the name is taken
   */
  protected final Tensor buffer(String name, Tensor initial) {
    Tensor buffer = kept(name, initial);
    buffers.put(name, buffer);
    return buffer;
  }

  /**
   * Registers a part and returns it.
   *
   * @throws NetworkException if the name is taken
   */
  protected final <M extends Module> M child(String name, M module) {
    requireFree(name);
    children.put(name, Objects.requireNonNull(module, name));
    return module;
  }

  /** Autograd takes no tensor of inference mode. */
  private Tensor kept(String name, Tensor initial) {
    requireFree(name);
    try (InferenceMode left = new InferenceMode(false)) {
      Tensor kept = initial.is_inference() ? initial.clone() : initial;
      kept.retainReference();
      return kept;
    }
  }

  private void requireFree(String name) {
    if (parameters.containsKey(name) || buffers.containsKey(name) || children.containsKey(name)) {
      throw new NetworkException(
          "module: expected a name of its own for each part, found a second " + name);
    }
  }

  /** All trained tensors by name, children's as {@code child.name}; in order of registration. */
  public final Map<String, Tensor> parameters() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    collect("", all, false);
    return all;
  }

  /** Parameters and buffers by name: what a file of this network holds. */
  public final Map<String, Tensor> state() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    collect("", all, true);
    return all;
  }

  private void collect(String prefix, Map<String, Tensor> into, boolean withBuffers) {
    parameters.forEach((name, tensor) -> into.put(prefix + name, tensor));
    if (withBuffers) {
      buffers.forEach((name, tensor) -> into.put(prefix + name, tensor));
    }
    children.forEach((name, module) -> module.collect(prefix + name + ".", into, withBuffers));
  }

  /** Switches between training (batch statistics, dropout) and inference, children included. */
  public final void training(boolean on) {
    training = on;
    children.values().forEach(module -> module.training(on));
  }

  /** Fixes the parameters: no gradient is computed for them any more. */
  public final void freeze() {
    parameters().values().forEach(parameter -> parameter.requires_grad_(false));
  }

  /** Whether the module is in training mode; a new one is. */
  public final boolean training() {
    return training;
  }

  /**
   * Sets the source of randomness of every part that draws random numbers in training. Without it,
   * such a part refuses to run: nothing here draws from a global generator.
   */
  public void randomness(Generator generator) {
    children.values().forEach(module -> module.randomness(generator));
  }
}
