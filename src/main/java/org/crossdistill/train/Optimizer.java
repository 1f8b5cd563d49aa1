package org.crossdistill.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.method.ParameterGroup;

/**
 * Updates parameters from their gradients. Weight decay acts on matrices (two dimensions or more)
 * only. All state is in {@link #state()}, so that a resumed training goes on with the same bits.
 */
abstract class Optimizer {

  /** Parameters that are updated alike. */
  record Flat(String name, FlatParameters parameters, double rateMultiplier, double weightDecay) {}

  private final List<Flat> flats = new ArrayList<>();
  private long steps;

  Optimizer(List<ParameterGroup> groups, double weightDecay) {
    for (int i = 0; i < groups.size(); i++) {
      List<Tensor> matrices = new ArrayList<>();
      List<Tensor> vectors = new ArrayList<>();
      for (Tensor parameter : groups.get(i).parameters().values()) {
        if (parameter.requires_grad()) { // not so if it was frozen
          (parameter.dim() >= 2 ? matrices : vectors).add(parameter);
        }
      }
      double rate = groups.get(i).learningRateMultiplier();
      add(new Flat("group" + i + ".matrices", new FlatParameters(matrices), rate, weightDecay));
      add(new Flat("group" + i + ".vectors", new FlatParameters(vectors), rate, 0));
    }
  }

  private void add(Flat flat) {
    if (flat.parameters().values().numel() > 0) {
      flats.add(flat);
    }
  }

  static Optimizer of(OptimizerOptions options, List<ParameterGroup> groups) {
    return switch (options.name()) {
      case ADAMW -> new AdamW(groups, options);
      case SGD -> new Sgd(groups, options);
    };
  }

  final List<Flat> flats() {
    return flats;
  }

  /** Whether the parameters are still this optimiser's: it has laid them out anew. */
  final boolean ownsParameters() {
    return flats.stream().allMatch(flat -> flat.parameters().ownsParameters());
  }

  final void zeroGradients() {
    flats.forEach(flat -> flat.parameters().zeroGradients());
  }

  /**
   * Scales all gradients down together where their common norm is larger than {@code limit};
   * without reading a number back.
   *
   * @param limit 0 = none
   */
  final void clipGradients(double limit) {
    if (limit == 0 || flats.isEmpty()) {
      return;
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor square = flats.get(0).parameters().gradients().square().sum();
      for (Flat flat : flats.subList(1, flats.size())) {
        square = square.add(flat.parameters().gradients().square().sum());
      }
      Tensor factor = square.sqrt().reciprocal().mul(scalar(limit)).clamp_max(scalar(1));
      flats.forEach(flat -> flat.parameters().gradients().mul_(factor));
    }
  }

  /** One update at the given learning rate. */
  final void step(double learningRate) {
    steps++;
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      for (int i = 0; i < flats.size(); i++) {
        update(i, flats.get(i), learningRate * flats.get(i).rateMultiplier(), steps);
      }
    }
  }

  /** Updates one flat group; {@code step} counts from 1. */
  abstract void update(int index, Flat flat, double learningRate, long step);

  /** Tensors of the optimiser's state for group {@code index}, by name. */
  abstract Map<String, Tensor> state(int index);

  /** All tensors that a resumed training needs, by name. */
  final Map<String, Tensor> state() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    for (int i = 0; i < flats.size(); i++) {
      String prefix = flats.get(i).name() + ".";
      state(i).forEach((name, tensor) -> all.put(prefix + name, tensor));
    }
    return all;
  }

  final long steps() {
    return steps;
  }

  final void resumeAt(long stepsDone) {
    steps = stepsDone;
  }

  static Scalar scalar(double value) {
    return new Scalar(value);
  }
}
