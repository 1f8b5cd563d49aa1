package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/** {@link SoftMarginFeatureLoss} by name. */
public final class NamedFeatureMargin implements NamedLoss<SoftMarginFeatureLoss.Options> {

  @Override
  public String name() {
    return "feature-margin";
  }

  @Override
  public SoftMarginFeatureLoss.Options defaults() {
    return SoftMarginFeatureLoss.Options.defaults();
  }

  @Override
  public Map<String, List<String>> inputs() {
    return Map.of(
        "student", List.of("B", "D"),
        "teacher", List.of("B", "D"),
        "weights", List.of("B"));
  }

  @Override
  public Map<String, Tensor> compute(
      SoftMarginFeatureLoss.Options options, NamedTensors inputs, Backend backend) {
    SoftMarginFeatureLoss.Result result =
        new SoftMarginFeatureLoss(options, backend)
            .forward(inputs.get("student"), inputs.get("teacher"), inputs.orNull("weights"));
    return Map.of(
        "loss", result.loss().reshape(1),
        "rows", result.rows(),
        "grad.student", result.gradStudent(),
        "grad.teacher", result.gradTeacher(),
        "grad.weights", result.gradWeights());
  }
}
