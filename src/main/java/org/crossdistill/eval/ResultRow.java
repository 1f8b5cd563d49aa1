package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What one method reached: one value a seed for each metric it has. Immutable.
 *
 * @param name the method, for example {@code cmd}
 * @param data the data set, or "" where there is only one
 * @param values for each metric that the method has one value a seed, in the order of the seeds;
 *     NaN where the run of that seed failed or gave no such number
 */
public record ResultRow(String name, String data, Map<Metric, List<Double>> values) {

  /** Checks and copies. */
  public ResultRow {
    if (name.isBlank()) {
      throw new EvalException("result row: expected a name, found none");
    }
    Map<Metric, List<Double>> copy = new EnumMap<>(Metric.class);
    values.forEach((metric, list) -> copy.put(metric, List.copyOf(list)));
    int seeds = copy.isEmpty() ? 0 : copy.values().iterator().next().size();
    for (Map.Entry<Metric, List<Double>> entry : copy.entrySet()) {
      String what = "result row %s: %s".formatted(name, entry.getKey().key());
      if (entry.getValue().size() != seeds) {
        throw new EvalException(
            "%s has %d values, expected one for each of %d seeds"
                .formatted(what, entry.getValue().size(), seeds));
      }
      if (entry.getValue().stream().anyMatch(value -> value.isInfinite())) {
        throw new EvalException(what + " holds an infinite value");
      }
    }
    values = Collections.unmodifiableMap(copy);
  }

  /**
   * Gathers the runs of a method, one a seed; a metric that no run has is left out.
   *
   * @param name the method
   * @param runs each run's numbers; an empty map for a run that failed
   */
  public static ResultRow ofRuns(String name, List<Map<Metric, Double>> runs) {
    Map<Metric, List<Double>> values = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      if (runs.stream().anyMatch(run -> run.containsKey(metric))) {
        List<Double> list = new ArrayList<>();
        runs.forEach(run -> list.add(run.getOrDefault(metric, Double.NaN)));
        values.put(metric, list);
      }
    }
    return new ResultRow(name, "", values);
  }

  /** The same numbers, said to be measured on a data set. */
  public ResultRow onData(String dataSet) {
    return new ResultRow(name, dataSet, values);
  }

  /** The number of runs, whether they gave all numbers or not. */
  public int seeds() {
    return values.isEmpty() ? 0 : values.values().iterator().next().size();
  }

  /** Whether at least one run gave this number. */
  public boolean has(Metric metric) {
    return values.getOrDefault(metric, List.of()).stream().anyMatch(value -> !value.isNaN());
  }

  /** The summary over the seeds, if at least one run gave this number. */
  public Optional<Summary> summary(Metric metric) {
    return has(metric) ? Optional.of(Summary.of(values.get(metric))) : Optional.empty();
  }

  /**
   * The paired difference to a baseline with the same seeds, if at least one seed gave this number
   * in both.
   */
  public Optional<Summary> difference(ResultRow baseline, Metric metric) {
    if (!has(metric) || !baseline.has(metric)) {
      return Optional.empty();
    }
    List<Double> differences = Summary.differences(values.get(metric), baseline.values.get(metric));
    return differences.stream().allMatch(value -> value.isNaN())
        ? Optional.empty()
        : Optional.of(Summary.of(differences));
  }
}
