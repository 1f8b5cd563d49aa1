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
 * A comparison as a command runs it: with progress, Ctrl-C, and its results in a folder.
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
      String task,
      ExperimentFile file,
      Path folder,
      ComparisonOptions options,
      Comparison.Finished finished,
      List<String> command) {
    try (RunFolder results = RunFolder.open(folder)) {
      LibTorchLoading.load(System.err);
      int workers = options.workers(file);
      Provenance provenance = Provenances.here();
      List<Outcome> outcomes;
      try (StopSignal stop = StopSignal.install();
          ComparisonProgress progress = new ComparisonProgress(task, cells(file))) {
        outcomes =
            new Comparison(file, folder, workers, provenance, progress, stop, finished).run();
      }
      var report = new ComparisonReport(file, outcomes, Comparison.rows(file, outcomes));
      SummaryFile summary = report.summary(command, provenance, workers);
      report.write(folder, summary);
      return new ComparisonRun(folder, outcomes, report, summary);
    }
  }

  private static int cells(ExperimentFile file) {
    return file.arms().values().stream().mapToInt(e -> e.settings().seeds().size()).sum();
  }

  /** Whether every cell gave a result. */
  boolean complete() {
    return outcomes.stream().allMatch(outcome -> outcome.failure() == null);
  }

  /** Prints the result on standard output: the table, or the summary as JSON. */
  void print(boolean json) {
    if (json) {
      System.out.write(summary.toJson(), 0, summary.toJson().length);
      System.out.flush();
    } else {
      System.out.println(TableFormat.plain(report.table()));
    }
  }
}
