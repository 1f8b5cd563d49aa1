package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.Backend;

/** {@link QualityWeights} by name: N training batches in order. */
public final class NamedQualityWeights implements NamedLoss<QualityWeights.Options> {

  @Override
  public String name() {
    return "quality-weights";
  }

  @Override
  public QualityWeights.Options defaults() {
    return QualityWeights.Options.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return Map.of(
        "quality-student", List.of("N", "B"),
        "quality-teacher", List.of("N", "B"));
  }

  /** Qualities [N, B] to weights [N, B] and the statistics after each batch, [N, 4]. */
  @Override
  public Map<String, Tensor> compute(
      QualityWeights.Options options, NamedTensors inputs, Backend backend) {
    Tensor student = inputs.get("quality-student");
    Tensor teacher = inputs.get("quality-teacher");
    Arguments.embeddings("quality-student", student);
    Arguments.same("quality-teacher", teacher, "quality-student", student);
    QualityWeights quality = new QualityWeights(options, backend);
    TensorVector weights = new TensorVector();
    TensorVector statistics = new TensorVector();
    for (long batch = 0; batch < student.size(0); batch++) {
      weights.push_back(quality.forward(student.select(0, batch), teacher.select(0, batch), true));
      statistics.push_back(quality.statistics().narrow(0, 0, 4).clone());
    }
    return Map.of("weights", torch.stack(weights), "statistics", torch.stack(statistics));
  }
}
