package org.crossdistill.train;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.nn.Module;

/** Keeps a copy of networks as they were in the epoch with the best validation score. */
final class BestModel {

  private final String key;
  private final Map<String, Module> networks;
  private final Map<String, TensorData> copy = new TreeMap<>();
  private double score = Double.NEGATIVE_INFINITY;

  /**
   * @param key what a checkpoint calls it
   * @param networks by name
   */
  BestModel(String key, Map<String, Module> networks) {
    this.key = key;
    this.networks = networks;
  }

  /** Copies the networks if the score is higher than all before. */
  void offer(double candidate) {
    if (candidate > score) {
      score = candidate;
      copy.clear();
      states((prefix, state) -> copy.putAll(TensorBytes.of(prefix, state)));
    }
  }

  /** Puts the best networks back; nothing happens if none was offered. */
  void restore() {
    if (!copy.isEmpty()) {
      states((prefix, state) -> TensorBytes.copy("best model", copy, prefix, state));
    }
  }

  /** What a checkpoint holds of it: tensors by name, none if none was offered. */
  Map<String, TensorData> tensors() {
    return copy;
  }

  /** What a checkpoint's metadata hold of it. */
  Map<String, String> metadata() {
    return Map.of(scoreKey(), Double.toString(score));
  }

  /** The inverse of {@link #tensors()} and {@link #metadata()}. */
  void read(Safetensors checkpoint) {
    copy.clear();
    checkpoint.tensors().entrySet().stream()
        .filter(entry -> entry.getKey().startsWith(key + "."))
        .forEach(entry -> copy.put(entry.getKey(), entry.getValue()));
    score = Double.parseDouble(checkpoint.metadata().get(scoreKey()));
  }

  private String scoreKey() {
    return key + "-score";
  }

  private void states(BiConsumer<String, Map<String, Tensor>> action) {
    networks.forEach((name, network) -> action.accept(key + "." + name + ".", network.state()));
  }
}
