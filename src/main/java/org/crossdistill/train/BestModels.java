package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.method.Method;
import org.crossdistill.nn.Module;

/**
 * The best epoch of each modality: that of the student, with all the networks that are not the
 * other modality's own, and, for a method that trains a model of the other modality as well, that
 * of this one.
 */
final class BestModels {

  private static final String STUDENT = "best";
  private static final String OTHER = "best-other";

  private final BestModel student;
  private final BestModel other;

  BestModels(Method method) {
    Map<String, Module> all = new LinkedHashMap<>(method.networks());
    Map<String, Module> others = new LinkedHashMap<>();
    method
        .other()
        .ifPresent(
            model ->
                method.networks().entrySet().stream()
                    .filter(
                        network ->
                            network.getValue() == model.backbone()
                                || network.getValue() == model.classifier())
                    .forEach(
                        network -> others.put(network.getKey(), all.remove(network.getKey()))));
    student = new BestModel(STUDENT, all);
    other = new BestModel(OTHER, others);
  }

  void offer(Role role, double score) {
    (role == Role.STUDENT ? student : other).offer(score);
  }

  void restore() {
    student.restore();
    other.restore();
  }

  Map<String, TensorData> tensors() {
    Map<String, TensorData> tensors = new TreeMap<>(student.tensors());
    tensors.putAll(other.tensors());
    return tensors;
  }

  Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>(student.metadata());
    metadata.putAll(other.metadata());
    return metadata;
  }

  void read(Safetensors checkpoint) {
    List.of(student, other).forEach(model -> model.read(checkpoint));
  }
}
