package org.crossdistill.cli;

import org.crossdistill.train.ConfigException;
import org.crossdistill.train.ExperimentFile;
import picocli.CommandLine.Option;

/** Options of every command that trains several models side by side. */
final class ComparisonOptions extends TrainingOptions {

  @Option(
      names = "--workers",
      description = "Trainings that run side by side (default: as many as there are cores).")
  private Integer workers;

  /** How many trainings run side by side. */
  int workers(ExperimentFile file) {
    if (workers == null) {
      int threads = file.arms().values().iterator().next().settings().threads();
      return Math.max(1, Runtime.getRuntime().availableProcessors() / threads);
    }
    if (workers < 1) {
      throw new ConfigException("--workers: expected at least 1, found " + workers);
    }
    return workers;
  }
}
