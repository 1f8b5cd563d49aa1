package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.train.Arm;
import org.crossdistill.train.Comparison;
import org.crossdistill.train.ConfigException;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.RunFolder;
import org.crossdistill.train.Throughput;
import org.crossdistill.train.TunedFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code crossdistill compare}: all arms of a file with all seeds. */
@Command(
    name = "compare",
    description = {
      "Train all arms of a configuration on all its data sets with all seeds",
      "and compare them in tables. Trainings that an earlier run finished or",
      "paused in the same folder are kept."
    },
    mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "Configuration with [[arm]] tables.")
  private Path file;

  @Option(
      names = "--out",
      converter = Converters.OfFolder.class,
      description = "Folder of the results (default: runs/NAME-OF-FILE).")
  private Path out;

  @Option(
      names = "--tuned",
      description = "What `crossdistill tune` chose for each arm: its tuned.toml.")
  private Path tuned;

  @Option(
      names = "--throughput",
      description = {
        "Train nothing: measure steps a second of all arms in turn, one thread,",
        "beside what the passes of their networks cost; throughput.md."
      })
  private boolean throughput;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "Epochs of each arm that --throughput measures (default: 5).")
  private int rounds;

  @Option(names = "--fresh", description = "Train everything again, also what is finished.")
  private boolean fresh;

  @Mixin private ComparisonOptions options;

  @Override
  public Integer call() {
    if (throughput && (fresh || options.any())) {
      throw new ConfigException(
          "--throughput: expected neither --fresh nor --budget nor --workers beside it, since it trains"
              + " nothing to keep and one arm at a time");
    }
    ExperimentFile arms = ExperimentFile.read(file, options.assignments);
    String tuning = ComparisonTask.NOT_TUNED;
    if (tuned != null) {
      TunedFile choices = TunedFile.read(tuned);
      arms = choices.over(arms, tuned.toString());
      tuning = choices.describe();
    }
    Path folder = out == null ? CommandLines.defaultFolder(file) : out;
    return throughput ? measure(arms, folder) : compare(arms, folder, tuning);
  }

  private int measure(ExperimentFile arms, Path folder) {
    try (RunFolder results = RunFolder.open(folder)) {
      LibTorchLoading.load(System.err);
      ThroughputReport report;
      try (StopSignal stop = StopSignal.install()) {
        report = new ThroughputReport(Throughput.measure(arms, rounds, System.err::println, stop));
      }
      AtomicFiles.write(folder.resolve("throughput.md"), report.markdown());
      System.out.println(options.json ? Json.line(report.json()) : report.markdown());
      return ExitCode.OK;
    }
  }

  private int compare(ExperimentFile arms, Path folder, String tuning) {
    Comparison.Finished finished = fresh ? Comparison.Finished.REPEAT : Comparison.Finished.KEEP;
    ComparisonTask task =
        new ComparisonTask(
            "compare", file.toString(), CommandLines.of(spec), Arm::dataName, tuning);
    ComparisonRun run = ComparisonRun.run(task, arms, folder, options, finished);
    ComparisonCurves.write(arms, run);
    ComparisonCurves.writeDifferences(folder, arms.title(), run.report());
    run.print(options.json);
    return run.exitCode();
  }
}
