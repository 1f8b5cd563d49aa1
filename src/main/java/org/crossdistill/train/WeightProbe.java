package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.eval.RocAuc;
import org.crossdistill.method.Cmd;
import org.crossdistill.nn.Tensors;

/**
 * Whether CMD's weights single out the samples that were planted with low quality: the AUC of a low
 * weight, for pairs of which one side is degraded against pairs of which none is.
 */
final class WeightProbe extends Probe {

  private final Cmd method;

  WeightProbe(ExperimentRun run, Cmd method, PairedLatents.Truth truth) {
    super(run, truth);
    this.method = method;
  }

  /** Weights are not defined before the first batch. */
  @Override
  List<ProbeRow> untrained() {
    return List.of();
  }

  @Override
  List<ProbeRow> trained() {
    return List.of(
        row("training pairs", split().train().samples()),
        row("test pairs", split().test().samples()));
  }

  private ProbeRow row(String name, int[] samples) {
    float[] weights = Tensors.floats(method.weights(run().batch(samples)));
    boolean[] teacherLow = marked(truth().firstLow(), samples);
    boolean[] studentLow = marked(truth().secondLow(), samples);
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("teacher's sample degraded", auc(weights, teacherLow, studentLow));
    values.put("student's sample degraded", auc(weights, studentLow, teacherLow));
    return new ProbeRow(name, values);
  }

  /** That the weight is lower where one side is degraded, among pairs whose other side is not. */
  private static double auc(float[] weights, boolean[] degraded, boolean[] other) {
    int[] compared = IntStream.range(0, weights.length).filter(i -> !other[i]).toArray();
    float[] scores = new float[compared.length];
    for (int i = 0; i < compared.length; i++) {
      scores[i] = -weights[compared[i]];
    }
    return RocAuc.of(scores, marked(degraded, compared));
  }
}
