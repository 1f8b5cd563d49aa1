package org.crossdistill.loss;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.MarginClassifierLoss.Output;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;

/** {@link MarginClassifierLoss} by name, with one row set. */
public final class NamedMarginClassifier implements NamedLoss<MarginClassifierLoss.Options> {

  @Override
  public String name() {
    return "margin-classifier";
  }

  @Override
  public MarginClassifierLoss.Options defaults() {
    return MarginClassifierLoss.Options.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return Map.of(
        "embeddings", List.of("B", "D"),
        "classifier", List.of("C", "D"),
        "bias", List.of("C"),
        "labels", List.of("B"),
        "weights", List.of("B"));
  }

  @Override
  public Map<String, Tensor> compute(
      MarginClassifierLoss.Options options, NamedTensors inputs, Backend backend) {
    RowSet set =
        new RowSet(inputs.get("embeddings"), inputs.get("labels"), inputs.orNull("weights"), 1);
    MarginClassifierLoss.Result result =
        new MarginClassifierLoss(options, backend)
            .forward(
                inputs.get("classifier"),
                inputs.orNull("bias"),
                List.of(set),
                Set.of(Output.values()));
    Map<String, Tensor> answers =
        new HashMap<>(
            Map.of(
                "loss", result.loss().reshape(1),
                "rows", result.rows(),
                "hits", result.hits(),
                "grad.embeddings", result.gradEmbeddings(),
                "grad.classifier", result.gradClassifier(),
                "grad.weights", result.sets().get(0).gradWeights()));
    if (result.gradBias() != null) {
      answers.put("grad.bias", result.gradBias());
    }
    return answers;
  }
}
