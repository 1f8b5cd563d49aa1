package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.train.Comparison;
import org.crossdistill.train.ConfigException;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.RunFolder;
import org.crossdistill.train.TrialChoice;
import org.crossdistill.train.TrialResult;
import org.crossdistill.train.TunedFile;
import org.crossdistill.train.Tuning;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code crossdistill tune}: a random search of settings, the same for every arm. */
@Command(
    name = "tune",
    description = {
      "Search settings for every arm of a configuration, as its [tune] table says:",
      "as many trials for each, scored on validation data. `compare --tuned` reads",
      "the result. Trials that an earlier search finished in the same folder are kept."
    },
    mixinStandardHelpOptions = true)
final class TuneCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "Configuration with a [tune] table.")
  private Path file;

  @Option(
      names = "--out",
      converter = Converters.OfFolder.class,
      description = "Folder of the results (default: runs/NAME-OF-FILE-tune).")
  private Path out;

  @Option(names = "--trials", description = "Trials an arm, instead of the file's tune.trials.")
  private Integer trials;

  @Option(names = "--fresh", description = "Repeat trials that are finished, too.")
  private boolean fresh;

  @Mixin private ComparisonOptions options;

  @Override
  public Integer call() {
    Budget budget = options.budget();
    ExperimentFile experiments = withTrials(ExperimentFile.read(file, options.assignments));
    Path folder = out == null ? Path.of(CommandLines.defaultFolder(file) + "-tune") : out;
    try (RunFolder results = RunFolder.open(folder)) {
      LibTorchLoading.load(System.err);
      return search(experiments, folder, budget);
    }
  }

  private int search(ExperimentFile experiments, Path folder, Budget budget) {
    Comparison.Finished finished = fresh ? Comparison.Finished.REPEAT : Comparison.Finished.KEEP;
    Comparison.Plan plan =
        new Comparison.Plan(folder, options.workers(experiments), Provenances.here(), finished);
    List<TrialResult> results;
    try (StopSignal stop = StopSignal.install();
        TuneProgress progress = new TuneProgress()) {
      results = tuning(experiments, plan, progress, stop, budget).run();
    }
    return report(results, folder);
  }

  private Tuning tuning(
      ExperimentFile experiments,
      Comparison.Plan plan,
      TuneProgress progress,
      StopSignal stop,
      Budget budget) {
    try {
      return new Tuning(experiments, plan, progress, stop, budget);
    } catch (ConfigException e) {
      throw new ConfigException(file + ": " + e.getMessage(), e);
    }
  }

  private ExperimentFile withTrials(ExperimentFile read) {
    return trials == null
        ? read
        : new ExperimentFile(
            read.title(), read.arms(), read.tune().map(tune -> tune.withTrials(trials)));
  }

  private int report(List<TrialResult> results, Path folder) {
    AtomicFiles.write(folder.resolve("trials.csv"), TuneReport.csv(results));
    long left = results.stream().filter(TrialResult::isLeft).count();
    List<TrialResult> failed = results.stream().filter(r -> r.failure() != null).toList();
    if (!failed.isEmpty()) {
      TrialResult first = failed.get(0);
      System.err.printf(
          "crossdistill: %d of %d trainings failed; first: %s seed %d: %s%n",
          failed.size(), results.size(), first.trial(), first.seed(), first.failure());
      return ExitCode.FAILURE;
    }
    if (left > 0) {
      System.err.printf(
          "the time is up: %d of %d trainings are left; the same command goes on%n",
          left, results.size());
      return ExitCode.UNFINISHED;
    }
    tell(TrialChoice.of(results), folder);
    return ExitCode.OK;
  }

  private void tell(TunedFile tuned, Path folder) {
    Path target = folder.resolve("tuned.toml");
    tuned.write(target, "Chosen by: " + CommandLines.line(spec));
    if (options.json) {
      System.out.println(Json.line(tuned.choices().stream().map(TuneReport::json).toList()));
    } else {
      System.out.println(TuneReport.plain(tuned));
      System.out.printf("Next: ./crossdistill compare %s --tuned %s%n", file, target);
    }
  }
}
