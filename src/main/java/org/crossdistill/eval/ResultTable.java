package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Results of several methods on one data set, to be shown by {@link TableFormat}: for each method
 * mean ± sample standard deviation over the seeds and, but for the baseline, the paired difference
 * to the baseline with its 95 % confidence interval.
 *
 * @param title what was measured, for example {@code Unseen classes}
 * @param rows the methods, in the order of the table
 * @param columns the metrics, in the order of the table
 * @param baseline the name of the row that the others are compared with, or "" for none
 * @param chance what a model without knowledge reaches, for a last row; empty for none
 */
public record ResultTable(
    String title,
    List<ResultRow> rows,
    List<Metric> columns,
    String baseline,
    Map<Metric, Double> chance) {

  /** The confidence of the intervals. */
  public static final double CONFIDENCE = .95;

  /** Checks and copies. */
  public ResultTable {
    rows = List.copyOf(rows);
    columns = List.copyOf(columns);
    chance = Map.copyOf(chance);
    if (rows.isEmpty() || columns.isEmpty()) {
      throw new EvalException(
          "table \"%s\": expected rows and columns, found %d and %d"
              .formatted(title, rows.size(), columns.size()));
    }
    if (!baseline.isEmpty() && rows.stream().noneMatch(row -> row.name().equals(baseline))) {
      throw new EvalException(
          "table \"%s\": no row is named %s, the baseline".formatted(title, baseline));
    }
  }

  /** The row that the others are compared with. */
  Optional<ResultRow> baselineRow() {
    return rows.stream().filter(row -> row.name().equals(baseline)).findFirst();
  }

  /** The rows that are compared with the baseline: all others, or none without a baseline. */
  List<ResultRow> compared() {
    return baseline.isEmpty()
        ? List.of()
        : rows.stream().filter(row -> !row.name().equals(baseline)).toList();
  }

  /** One sentence each on what the numbers are and where some are missing. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (columns.contains(Metric.EER)) {
      notes.add("EER: all pairs of examples by cosine, interpolated between distinct scores.");
    }
    if (!compared().isEmpty()) {
      notes.add(
          "Differences are paired by seed, to %s; 95 %% intervals by Student's t."
              .formatted(baseline));
    }
    for (ResultRow row : rows) {
      for (Metric metric : columns) {
        row.summary(metric)
            .filter(summary -> summary.count() < row.seeds())
            .ifPresent(
                summary ->
                    notes.add(
                        "%s: %s from %d of %d seeds."
                            .formatted(row.name(), metric.key(), summary.count(), row.seeds())));
      }
    }
    return Collections.unmodifiableList(notes);
  }

  /** The title with what the cells hold. */
  String caption() {
    int seeds = rows.stream().mapToInt(ResultRow::seeds).max().orElseThrow();
    String unit = columns.stream().allMatch(Metric::isFraction) ? ", in %" : ", fractions in %";
    return seeds == 1
        ? "%s: one seed%s".formatted(title, unit)
        : "%s: mean ± standard deviation over %d seeds%s".formatted(title, seeds, unit);
  }
}
