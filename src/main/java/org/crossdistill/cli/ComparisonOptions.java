package org.crossdistill.cli;

import java.time.Duration;
import org.crossdistill.train.ConfigException;
import org.crossdistill.train.ExperimentFile;
import picocli.CommandLine.Option;

/** Options of every command that trains several models side by side. */
final class ComparisonOptions extends TrainingOptions {

  @Option(
      names = "--workers",
      description = "Trainings that run side by side (default: as many as there are cores).")
  private Integer workers;

  @Option(
      names = "--budget",
      paramLabel = "TIME",
      converter = Converters.OfDuration.class,
      description = {
        "Stop after a time such as 90s, 60m or 2h; the same command then goes on.",
        "Exit code 4 says that something is left to do."
      })
  private Duration budget;

  /** Whether one of them was given. */
  boolean any() {
    return workers != null || budget != null;
  }

  /** How many trainings run side by side. */
  int workers(ExperimentFile file) {
    if (workers == null) {
      int threads = file.arms().get(0).experiment().settings().threads();
      return Math.max(1, Runtime.getRuntime().availableProcessors() / threads);
    }
    if (workers < 1) {
      throw new ConfigException("--workers: expected at least 1, found " + workers);
    }
    return workers;
  }

  /** The time that the command has, from now on. */
  Budget budget() {
    return new Budget(budget);
  }
}
