package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.crossdistill.nn.TorchThreads;
import org.crossdistill.train.Arm;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.Probe;
import org.crossdistill.train.StoppedException;
import org.crossdistill.train.TrainingListener;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code crossdistill probe}: trainings on generated pairs, held against what was planted. */
@Command(
    name = "probe",
    description = {
      "Train on generated pairs, whose truth is known, and say what the method found of it:",
      "discom-kd: what a linear probe reads out of its features;",
      "c2kd: whether the pairs that it keeps are the aligned ones;",
      "cmd: whether its weights single out degraded samples."
    },
    mixinStandardHelpOptions = true)
final class ProbeCommand implements Callable<Integer> {

  @Parameters(
      paramLabel = "FILE",
      description = "Configuration, such as experiments/paired-latents-truth.toml.")
  private Path file;

  @Option(names = "--arm", description = "Only this arm of a file with several.")
  private String arm;

  @Mixin private TrainingOptions options;

  @Override
  public Integer call() {
    ExperimentFile experiments = ExperimentFile.read(file, options.assignments);
    List<Arm> arms = arm == null ? experiments.arms() : List.of(named(experiments));
    LibTorchLoading.load(System.err);
    ProbeReport report = new ProbeReport();
    try (StopSignal stop = StopSignal.install()) {
      probe(arms, report, stop);
    } catch (StoppedException e) {
      System.err.println("stopped");
      return ExitCode.INTERRUPTED;
    }
    System.out.print(options.json ? report.json() : report.tables());
    return ExitCode.OK;
  }

  private Arm named(ExperimentFile experiments) {
    return experiments.arms().stream()
        .filter(candidate -> candidate.name().equals(arm))
        .findFirst()
        .orElseGet(() -> experiments.arm(null, arm)); // whose message names those that there are
  }

  private static void probe(List<Arm> arms, ProbeReport report, StopSignal stop) {
    long total = arms.stream().mapToLong(a -> a.experiment().settings().seeds().size()).sum();
    long done = 0;
    try (Progress progress = Progress.start("probe", total, "training")) {
      for (Arm one : arms) {
        TorchThreads.set(one.experiment().settings().threads());
        for (long seed : one.experiment().settings().seeds()) {
          progress.at(done++, one.name() + " seed " + seed);
          List<TrainingListener> nobody = List.of();
          report.add(one.name(), seed, Probe.of(one.experiment(), seed, nobody, stop));
        }
      }
    }
  }
}
