package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.crossdistill.nn.TorchThreads;
import org.crossdistill.train.Arm;
import org.crossdistill.train.ArmChoice;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.Probes;
import org.crossdistill.train.StoppedException;
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

  @Option(names = "--arm", description = "Only the arms of this name.")
  private String arm;

  @Mixin private TrainingOptions options;

  @Override
  public Integer call() {
    List<Arm> arms =
        ExperimentFile.read(file, options.assignments, ArmChoice.named(arm)).armsNamed(arm);
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

  /** Seed by seed, so that arms which differ in the method alone share data and teacher. */
  private static void probe(List<Arm> arms, ProbeReport report, StopSignal stop) {
    long total = arms.stream().mapToLong(a -> seeds(a).size()).sum();
    long done = 0;
    Probes probes = new Probes();
    List<Long> all = arms.stream().flatMap(a -> seeds(a).stream()).distinct().toList();
    try (Progress progress = Progress.start("probe", total, "training")) {
      for (long seed : all) {
        for (Arm one : arms) {
          if (seeds(one).contains(seed)) {
            String name = one.data().isEmpty() ? one.name() : one.data() + "/" + one.name();
            progress.at(done++, name + " seed " + seed);
            TorchThreads.set(one.experiment().settings().threads());
            report.add(name, seed, probes.of(one.experiment(), seed, List.of(), stop));
          }
        }
      }
    }
  }

  private static List<Long> seeds(Arm arm) {
    return arm.experiment().settings().seeds();
  }
}
