package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

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
    boolean complete = counts().equals(Set.of(planned()));
    if (columns.contains(Metric.EER)) {
      notes.add("EER: all pairs of examples by cosine, interpolated between distinct scores.");
    }
    if (!compared().isEmpty()) {
      notes.add(
          "Differences are paired by seed, to %s%s; 95 %% intervals by Student's t."
              .formatted(baseline, complete ? "" : ", over the seeds that both have"));
    }
    if (counts().size() > 1) {
      notes.add(
          rows.stream()
              .filter(row -> !counts(row).equals(Set.of(planned())))
              .map(this::seedsOf)
              .collect(
                  Collectors.joining(", ", "Fewer than %d seeds: ".formatted(planned()), ".")));
    }
    return Collections.unmodifiableList(notes);
  }

  /** How many seeds there are to be, whether they are done or not. */
  private int planned() {
    return rows.stream().mapToInt(ResultRow::seeds).max().orElseThrow();
  }

  /** From how many seeds a row's numbers are; more than one where some gave no such number. */
  private SortedSet<Integer> counts(ResultRow row) {
    SortedSet<Integer> counts = new TreeSet<>();
    columns.forEach(metric -> row.summary(metric).ifPresent(s -> counts.add(s.count())));
    return counts.isEmpty() ? new TreeSet<>(Set.of(0)) : counts;
  }

  private SortedSet<Integer> counts() {
    SortedSet<Integer> counts = new TreeSet<>();
    rows.forEach(row -> counts.addAll(counts(row)));
    return counts;
  }

  /** {@code cmd 2}, or {@code cmd 3 (eer 2)} where one more has no such number. */
  private String seedsOf(ResultRow row) {
    int most = counts(row).last();
    String fewer =
        columns.stream()
            .filter(metric -> row.summary(metric).filter(s -> s.count() < most).isPresent())
            .map(metric -> metric.key() + " " + row.summary(metric).orElseThrow().count())
            .collect(Collectors.joining(", "));
    return row.name() + " " + most + (fewer.isEmpty() ? "" : " (" + fewer + ")");
  }

  /** The title with what the cells hold. */
  String caption() {
    String unit = columns.stream().allMatch(Metric::isFraction) ? ", in %" : ", fractions in %";
    int most = counts().last();
    boolean alike = counts().size() == 1;
    String of = most == planned() ? "" : " of " + planned();
    if (most <= 1) {
      return "%s: %s seed%s%s".formatted(title, most == 0 ? "no" : "one", of, unit);
    }
    String seeds = alike ? most + of : "up to " + most + of;
    return "%s: mean ± standard deviation over %s seeds%s".formatted(title, seeds, unit);
  }
}
