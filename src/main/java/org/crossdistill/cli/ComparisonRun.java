package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.List;
import org.crossdistill.eval.SummaryFile;
import org.crossdistill.eval.TableFormat;
import org.crossdistill.train.Comparison;
import org.crossdistill.train.Comparison.Outcome;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.Provenance;
import org.crossdistill.train.RunFolder;

/**
 * A comparison as a command runs it: with progress, Ctrl-C, a time limit, and its results in a
 * folder.
 *
 * @param folder of the results
 * @param outcomes of all cells
 * @param report the tables and plots
 * @param summary what {@code summary.json} holds
 */
record ComparisonRun(
    Path folder, List<Outcome> outcomes, ComparisonReport report, SummaryFile summary) {

  /** Trains all cells and writes the results; no pictures yet. */
  static ComparisonRun run(
      ComparisonTask task,
      ExperimentFile file,
      Path folder,
      ComparisonOptions options,
      Comparison.Finished finished) {
    Budget budget = options.budget();
    try (RunFolder results = RunFolder.open(folder)) {
      LibTorchLoading.load(System.err);
      Provenance provenance = Provenances.here();
      var plan = new Comparison.Plan(folder, options.workers(file), provenance, finished);
      List<Outcome> outcomes;
      try (StopSignal stop = StopSignal.install();
          ComparisonProgress progress = new ComparisonProgress(task.name())) {
        outcomes = new Comparison(file, plan, progress, stop, budget).run();
      }
      ComparisonReport report = new ComparisonReport(task, file, plan, outcomes);
      SummaryFile summary = report.summary();
      report.write(summary);
      return new ComparisonRun(folder, outcomes, report, summary);
    }
  }

  /** What the command says of it: every cell gave a result, some are left, or some failed. */
  int exitCode() {
    if (outcomes.stream().anyMatch(outcome -> outcome.failure() != null)) {
      return ExitCode.FAILURE;
    }
    return left() > 0 ? ExitCode.UNFINISHED : ExitCode.OK;
  }

  private long left() {
    return outcomes.stream().filter(Outcome::isLeft).count();
  }

  /** Prints the result on standard output: the tables, or the summary as JSON. */
  void print(boolean json) {
    if (json) {
      System.out.write(summary.toJson(), 0, summary.toJson().length);
      System.out.flush();
    } else {
      report.tables().forEach(table -> System.out.println(TableFormat.plain(table)));
    }
    if (left() > 0) {
      System.err.printf(
          "the time is up: %d of %d trainings are left; the same command goes on%n",
          left(), outcomes.size());
    }
  }
}
