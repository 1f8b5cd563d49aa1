package org.crossdistill.cli;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.OpenSet;
import org.crossdistill.eval.Plots;
import org.crossdistill.eval.ResultRow;
import org.crossdistill.eval.ResultTable;
import org.crossdistill.eval.SummaryFile;
import org.crossdistill.eval.TableFormat;
import org.crossdistill.train.Comparison.Outcome;
import org.crossdistill.train.EpochReport;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.Provenance;

/** What a comparison leaves behind: {@code summary.json}, {@code table.md}, {@code curves.png}. */
final class ComparisonReport {

  private static final String BASELINE = "student-alone";

  private final ExperimentFile file;
  private final List<Outcome> outcomes;
  private final List<ResultRow> rows;

  ComparisonReport(ExperimentFile file, List<Outcome> outcomes, List<ResultRow> rows) {
    this.file = file;
    this.outcomes = outcomes;
    this.rows = rows;
  }

  /** The table, compared with the student alone where there is such an arm. */
  ResultTable table() {
    List<Metric> columns =
        rows.stream().anyMatch(row -> row.has(Metric.EER))
            ? Metric.OPEN_SET
            : List.of(Metric.ACCURACY);
    String baseline = file.arms().containsKey(BASELINE) ? BASELINE : "";
    return new ResultTable(file.title(), rows, columns, baseline, chance());
  }

  private Map<Metric, Double> chance() {
    return outcomes.stream()
        .filter(outcome -> outcome.gallery() != null)
        .findFirst()
        .map(outcome -> OpenSet.chance(outcome.gallery().classes().size()))
        .orElse(Map.of());
  }

  /** {@code summary.json}: how it was made, and one value a seed for each arm and metric. */
  SummaryFile summary(List<String> command, Provenance provenance, int workers) {
    Map<String, Object> run = new LinkedHashMap<>();
    Set<Long> seeds = new TreeSet<>();
    Map<String, Object> configs = new LinkedHashMap<>();
    file.arms()
        .forEach(
            (name, experiment) -> {
              seeds.addAll(experiment.settings().seeds());
              configs.put(name, experiment.table());
            });
    run.put("title", file.title());
    run.put("command", command);
    run.put("version", provenance.version());
    run.put("backend", provenance.backend());
    run.put("seeds", List.copyOf(seeds));
    run.put("workers", workers);
    run.put("finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    run.put("failures", failures());
    run.put("config", configs);
    return new SummaryFile(run, rows);
  }

  private Map<String, String> failures() {
    Map<String, String> failures = new TreeMap<>();
    for (Outcome outcome : outcomes) {
      if (outcome.failure() != null) {
        failures.put(outcome.cell().toString(), outcome.failure());
      }
    }
    return failures;
  }

  /** Writes all files but pictures. */
  void write(Path folder, SummaryFile summary) {
    AtomicFiles.write(folder.resolve("summary.json"), summary.toJson());
    AtomicFiles.write(folder.resolve("table.md"), TableFormat.markdown(table()));
  }

  /** One panel for each term of the loss, over the epochs; PNG. */
  byte[] curves() {
    List<Plots.Panel> panels = new ArrayList<>();
    for (String term : terms()) {
      List<Plots.Curve> curves = new ArrayList<>();
      file.arms().keySet().forEach(arm -> curve(arm, term).ifPresent(curves::add));
      panels.add(new Plots.Panel("training: " + term, "epoch", term, curves));
    }
    return Plots.png(file.title(), panels);
  }

  private List<String> terms() {
    return outcomes.stream()
        .flatMap(outcome -> outcome.epochs().stream())
        .flatMap(epoch -> epoch.terms().keySet().stream())
        .distinct()
        .toList();
  }

  private Optional<Plots.Curve> curve(String arm, String term) {
    List<List<EpochReport>> runs =
        outcomes.stream()
            .filter(outcome -> outcome.cell().arm().equals(arm) && outcome.failure() == null)
            .map(Outcome::epochs)
            .toList();
    if (runs.isEmpty() || !runs.get(0).get(0).terms().containsKey(term)) {
      return Optional.empty();
    }
    List<Double> x = runs.get(0).stream().map(epoch -> (double) epoch.epoch()).toList();
    List<List<Double>> values =
        runs.stream()
            .map(run -> run.stream().map(epoch -> epoch.terms().get(term)).toList())
            .toList();
    return Optional.of(new Plots.Curve(arm, x, values));
  }
}
