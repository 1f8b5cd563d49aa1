package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.List;

/**
 * Several measurements of one number, usually one a seed. A NaN among the values stands for a run
 * that gave no such number, and is left out.
 *
 * @param count how many values there were, at least 1
 * @param mean their mean
 * @param std their sample standard deviation (n − 1 in the denominator); NaN for a single value
 */
public record Summary(int count, double mean, double std) {

  /**
   * Summarizes values.
   *
   * @param values finite, or NaN where missing; at least one is there
   * @throws EvalException if none is there, or one is infinite
   */
  public static Summary of(List<Double> values) {
    List<Double> present = values.stream().filter(value -> !value.isNaN()).toList();
    if (present.isEmpty()) {
      throw new EvalException(
          "summary: expected at least one value, found none among " + values.size());
    }
    for (double value : present) {
      if (Double.isInfinite(value)) {
        throw new EvalException("summary: expected finite values, found " + value);
      }
    }
    double mean = present.stream().mapToDouble(Double::doubleValue).sum() / present.size();
    double squares = present.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    return new Summary(present.size(), mean, Math.sqrt(squares / (present.size() - 1)));
  }

  /**
   * Summarizes the differences value − baseline of runs with the same seed, which is far sharper
   * than the difference of two means where the seed moves both alike.
   *
   * @param values one a seed; NaN where missing
   * @param baseline one for each of the same seeds, in the same order; NaN where missing
   * @throws EvalException if the lengths differ, no seed has both numbers, or one is infinite
   */
  public static Summary ofDifferences(List<Double> values, List<Double> baseline) {
    return of(differences(values, baseline));
  }

  /** value − baseline, one a seed; NaN where either is. */
  static List<Double> differences(List<Double> values, List<Double> baseline) {
    if (values.size() != baseline.size()) {
      throw new EvalException(
          "paired difference: expected as many values as the baseline's %d, found %d"
              .formatted(baseline.size(), values.size()));
    }
    List<Double> differences = new ArrayList<>();
    for (int seed = 0; seed < values.size(); seed++) {
      differences.add(values.get(seed) - baseline.get(seed));
    }
    return differences;
  }

  /**
   * The half-width of the mean's two-sided confidence interval by Student's t distribution with
   * count − 1 degrees of freedom, which assumes independent, roughly normal values; NaN for a
   * single value.
   *
   * @param confidence for example 0.95
   */
  public double confidenceHalfWidth(double confidence) {
    if (!(confidence > 0 && confidence < 1)) {
      throw new EvalException("confidence: expected 0 < confidence < 1, found " + confidence);
    }
    return count == 1
        ? Double.NaN
        : StudentT.twoSidedQuantile(confidence, count - 1) * std / Math.sqrt(count);
  }
}
