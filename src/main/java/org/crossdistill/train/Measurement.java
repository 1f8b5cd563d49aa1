package org.crossdistill.train;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.OpenSet;
import org.crossdistill.method.Method;
import org.crossdistill.method.Method.SingleModal;

/**
 * The numbers of one run.
 *
 * @param evaluation of the run's data
 * @param data divided
 * @param method that is trained
 * @param teacher null without one
 * @param open whether the classes of the test are not seen in training
 * @param seed of few-shot draws
 */
record Measurement(
    Evaluation evaluation,
    PreparedData data,
    Method method,
    Teacher teacher,
    boolean open,
    long seed) {

  /** Numbers on validation samples, by the metrics' keys; none without such samples. */
  Map<String, Double> validate() {
    int[] rows = data.validation();
    Map<String, Double> numbers = new LinkedHashMap<>();
    if (rows.length > 0) {
      of(Split::validation).forEach((metric, value) -> numbers.put(metric.key(), value));
      evaluation
          .distance(method, teacher, rows)
          .ifPresent(distance -> numbers.put("distance", distance));
    }
    return numbers;
  }

  /** Numbers on a part of the samples: the student's, and the other modality's model's. */
  Map<Metric, Double> of(Function<Split, Subset> part) {
    int[] rows = part.apply(data.student().split()).samples();
    Map<Metric, Double> numbers = new EnumMap<>(Metric.class);
    if (open) {
      numbers.putAll(evaluation.openSet(method, teacher, rows, seed));
    } else {
      SingleModal own = new SingleModal(method.student(), method.classifier());
      numbers.put(Metric.ACCURACY, evaluation.accuracy(own, Role.STUDENT, rows));
    }
    int[] others = part.apply(data.other().split()).samples();
    if (others.length > 0) {
      method.other().ifPresent(model -> measureOther(model, others, numbers));
    }
    return numbers;
  }

  private void measureOther(SingleModal model, int[] rows, Map<Metric, Double> numbers) {
    if (open) {
      numbers.put(Metric.OTHER_EER, evaluation.eer(model, Role.OTHER, rows, seed));
    } else {
      numbers.put(Metric.OTHER_ACCURACY, evaluation.accuracy(model, Role.OTHER, rows));
    }
  }

  /** What a model without knowledge reaches on the test samples, where that is known. */
  Map<Metric, Double> chance() {
    return open ? OpenSet.chance(data.testClasses().size()) : Map.of();
  }

  /** What the best epoch has most of: validation accuracy, or in an open set the least EER. */
  OptionalDouble score(Role role, EpochReport report) {
    boolean own = role == Role.STUDENT;
    Metric metric =
        open
            ? (own ? Metric.EER : Metric.OTHER_EER)
            : (own ? Metric.ACCURACY : Metric.OTHER_ACCURACY);
    Double value = report.validation().get(metric.key());
    return value == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(metric.lowerIsBetter() ? -value : value);
  }
}
