package org.crossdistill.cli;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.eval.CsvTable;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.ResultRow;
import org.crossdistill.eval.ResultTable;
import org.crossdistill.eval.SummaryFile;
import org.crossdistill.train.Arm;
import org.crossdistill.train.Comparison;
import org.crossdistill.train.Comparison.Outcome;
import org.crossdistill.train.ExperimentFile;

/**
 * What a comparison leaves behind: {@code summary.json}, {@code table.md}, {@code table.csv} and
 * {@code commands.sh}, the command of each cell.
 */
final class ComparisonReport {

  private static final String BASELINE = "student-alone";

  private final ComparisonTask task;
  private final ExperimentFile file;
  private final Comparison.Plan plan;
  private final List<Outcome> outcomes;
  private final List<ResultRow> rows;

  ComparisonReport(
      ComparisonTask task, ExperimentFile file, Comparison.Plan plan, List<Outcome> outcomes) {
    this.task = task;
    this.file = file;
    this.plan = plan;
    this.outcomes = outcomes;
    this.rows = Comparison.rows(file, outcomes, task.dataName());
  }

  /** One table a data set, compared with the student alone where there is such an arm. */
  List<ResultTable> tables() {
    List<String> names = file.dataSets();
    List<ResultTable> tables = new ArrayList<>();
    for (String data : names) {
      List<Arm> arms = file.arms().stream().filter(arm -> arm.data().equals(data)).toList();
      String title = names.size() == 1 ? file.title() : file.title() + " (" + data + ")";
      String shown = task.dataName().apply(arms.get(0));
      tables.add(table(title, data, rows.stream().filter(r -> r.data().equals(shown)).toList()));
    }
    return tables;
  }

  private ResultTable table(String title, String data, List<ResultRow> onData) {
    List<Metric> columns =
        onData.stream().anyMatch(row -> row.has(Metric.EER))
            ? Metric.OPEN_SET
            : List.of(Metric.ACCURACY);
    boolean compared = onData.stream().anyMatch(row -> row.name().equals(BASELINE));
    Map<Metric, Double> chance =
        outcomes.stream()
            .filter(outcome -> outcome.cell().data().equals(data) && !outcome.chance().isEmpty())
            .findFirst()
            .map(Outcome::chance)
            .orElse(Map.of());
    return new ResultTable(title, onData, columns, compared ? BASELINE : "", chance);
  }

  /** {@code summary.json}: how it was made, and one value a seed for each row and metric. */
  SummaryFile summary() {
    Map<String, Object> run = new LinkedHashMap<>();
    Set<Long> seeds = new TreeSet<>();
    Map<String, Object> configs = new LinkedHashMap<>();
    for (Arm arm : file.arms()) {
      seeds.addAll(arm.experiment().settings().seeds());
      String name = arm.data().isEmpty() ? arm.name() : arm.data() + "/" + arm.name();
      configs.put(name, arm.experiment().table());
    }
    run.put("title", file.title());
    run.put("command", task.command());
    run.put("version", plan.provenance().version());
    run.put("backend", plan.provenance().backend());
    run.put("seeds", List.copyOf(seeds));
    run.put("workers", plan.workers());
    run.put("finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    run.put("tuning", task.tuning());
    run.put("failures", failures());
    run.put(
        "left", outcomes.stream().filter(Outcome::isLeft).map(o -> o.cell().toString()).toList());
    run.put("config", configs);
    return new SummaryFile(run, rows);
  }

  private Map<String, String> failures() {
    Map<String, String> failures = new LinkedHashMap<>();
    for (Outcome outcome : outcomes) {
      if (outcome.failure() != null) {
        failures.put(outcome.cell().toString(), outcome.failure());
      }
    }
    return failures;
  }

  /** Writes all files but pictures. */
  void write(SummaryFile summary) {
    Path folder = plan.out();
    AtomicFiles.write(folder.resolve("summary.json"), summary.toJson());
    AtomicFiles.write(folder.resolve("table.md"), markdown());
    AtomicFiles.write(folder.resolve("table.csv"), CsvTable.of(tables()));
    AtomicFiles.write(folder.resolve("commands.sh"), commands());
  }

  private String markdown() {
    return new ComparisonMarkdown(task, file, outcomes, failures()).of(tables());
  }

  private String commands() {
    StringBuilder lines = new StringBuilder();
    for (Outcome outcome : outcomes) {
      Comparison.Cell cell = outcome.cell();
      Arm arm = file.arm(cell.data(), cell.arm());
      lines.append(task.commandOf(arm, cell.seed(), plan.out())).append('\n');
    }
    return lines.toString();
  }
}
