package org.crossdistill.train;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.method.Method;

/** Keeps a copy of the networks as they were in the epoch with the best validation score. */
final class BestModel {

  /** Metadata key of a checkpoint. */
  static final String SCORE = "best-score";

  private static final String PREFIX = "best.";

  private final Method method;
  private final Map<String, TensorData> copy = new TreeMap<>();
  private double score = Double.NEGATIVE_INFINITY;

  BestModel(Method method) {
    this.method = method;
  }

  /** Copies the networks if the score is higher than all before. */
  void offer(double candidate) {
    if (candidate > score) {
      score = candidate;
      copy.clear();
      networks((prefix, state) -> copy.putAll(TensorBytes.of(PREFIX + prefix, state)));
    }
  }

  /** Puts the best networks back; nothing happens if none was offered. */
  void restore() {
    if (!copy.isEmpty()) {
      networks((prefix, state) -> TensorBytes.copy("best model", copy, PREFIX + prefix, state));
    }
  }

  /** What a checkpoint holds of it: tensors by name, none if none was offered. */
  Map<String, TensorData> tensors() {
    return copy;
  }

  String score() {
    return Double.toString(score);
  }

  /** The inverse of {@link #tensors()} and {@link #score()}. */
  void read(Safetensors checkpoint) {
    copy.clear();
    checkpoint.tensors().entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(PREFIX))
        .forEach(entry -> copy.put(entry.getKey(), entry.getValue()));
    score = Double.parseDouble(checkpoint.metadata().get(SCORE));
  }

  private void networks(BiConsumer<String, Map<String, Tensor>> action) {
    method.networks().forEach((name, network) -> action.accept(name + ".", network.state()));
  }
}
