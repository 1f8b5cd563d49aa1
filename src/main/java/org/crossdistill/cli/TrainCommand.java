package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.crossdistill.eval.Metric;
import org.crossdistill.nn.TorchThreads;
import org.crossdistill.train.ArmChoice;
import org.crossdistill.train.ConfigException;
import org.crossdistill.train.EpochReport;
import org.crossdistill.train.Experiment;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.ExperimentRun;
import org.crossdistill.train.RunFolder;
import org.crossdistill.train.TrainingListener;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code crossdistill train}: one experiment, one seed, one model. */
@Command(
    name = "train",
    description = "Train one model as a configuration says.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {

  @Parameters(
      paramLabel = "FILE",
      description = "Configuration, such as experiments/emoji-cmd.toml.")
  private Path file;

  @Option(
      names = "--out",
      converter = Converters.OfFolder.class,
      description = "Folder of the run (default: runs/NAME-OF-FILE).")
  private Path out;

  @Option(names = "--data-set", description = "Which data set of a file with several.")
  private String dataSet;

  @Option(names = "--arm", description = "Which arm of a file with several.")
  private String arm;

  @ArgGroup private EarlierRun earlier = new EarlierRun();

  /** What becomes of a run that the folder holds: one or the other, and an error without both. */
  private static final class EarlierRun {
    @Option(names = "--resume", description = "Go on after the last epoch that was saved.")
    private boolean resume;

    @Option(names = "--overwrite", description = "Train anew although the folder holds a run.")
    private boolean overwrite;
  }

  @Mixin private TrainingOptions options;

  @Override
  public Integer call() {
    Experiment experiment =
        ExperimentFile.read(file, options.assignments, ArmChoice.one(dataSet, arm))
            .arm(dataSet, arm)
            .experiment();
    Path folderPath = out == null ? CommandLines.defaultFolder(file) : out;
    refuseToOverwrite(folderPath);
    try (RunFolder folder = RunFolder.open(folderPath)) {
      LibTorchLoading.load(System.err);
      TorchThreads.set(experiment.settings().threads());
      try (StopSignal stop = StopSignal.install()) {
        return run(experiment, folder, stop);
      }
    }
  }

  private int run(Experiment experiment, RunFolder folder, StopSignal stop) {
    long seed = experiment.settings().seeds().get(0);
    ExperimentRun run = new ExperimentRun(experiment, seed, stop);
    if (earlier.resume) {
      run.resume(folder);
    }
    boolean complete;
    try (Progress progress = Progress.start("train", run.totalSteps(), "step")) {
      complete = run.train(folder, List.of(new EpochLines(progress)), stop);
    }
    if (!complete) {
      System.err.println("stopped; `--resume` goes on after the last finished epoch");
      return ExitCode.INTERRUPTED;
    }
    Map<Metric, Double> metrics = run.test();
    run.save(folder, arm == null ? experiment.method().name() : arm, Provenances.here(), metrics);
    print(folder, metrics);
    return ExitCode.OK;
  }

  private void refuseToOverwrite(Path folder) {
    if (!earlier.resume && !earlier.overwrite && RunFolder.holdsRun(folder)) {
      throw new ConfigException(
          folder
              + " holds a run: go on with --resume, replace it with --overwrite, or name another");
    }
  }

  private void print(RunFolder folder, Map<Metric, Double> metrics) {
    if (options.json) {
      Map<String, Object> result = new LinkedHashMap<>();
      metrics.forEach((metric, value) -> result.put(metric.key(), value));
      result.put("model", folder.model().toString());
      System.out.println(Json.line(result));
      return;
    }
    metrics.forEach(
        (metric, value) -> System.out.printf("%-14s %.1f %%%n", metric.heading(), 100 * value));
    System.out.println("model          " + folder.model());
  }

  /** One line an epoch, and the progress between them. */
  private record EpochLines(Progress progress) implements TrainingListener {

    @Override
    public void onStep(long step, long totalSteps) {
      progress.at(step, "");
    }

    @Override
    public void onEpoch(EpochReport report) {
      progress.say(
          String.format(
              "epoch %d/%d  %s  %s %.0f samples/s",
              report.epoch(),
              report.epochs(),
              numbers(report.terms()),
              numbers(report.validation()),
              report.samples() / report.seconds()));
    }

    private static String numbers(Map<String, Double> values) {
      return values.entrySet().stream()
          .map(entry -> String.format("%s %.4f", entry.getKey(), entry.getValue()))
          .collect(Collectors.joining("  "));
    }
  }
}
