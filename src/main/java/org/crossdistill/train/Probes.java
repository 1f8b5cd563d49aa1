package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.method.C2kd;
import org.crossdistill.method.Cmd;
import org.crossdistill.method.DiscomKd;
import org.crossdistill.method.Method;
import org.crossdistill.train.DataOptions.Control;

/**
 * Trainings on {@link PairedLatents}, held against what was planted there: whether a method finds
 * what it is said to find. Each training is that of {@link ExperimentRun} with the same seed; those
 * that follow each other with the same data, teacher settings and seed share both.
 */
public final class Probes {

  private final Inputs inputs = Inputs.standard();

  /**
   * Trains and looks.
   *
   * @param listeners told of each step
   * @param stop asked before each step
   * @throws ConfigException if the data are no generated pairs, if nothing is planted in them that
   *     the method could find, or if there is nothing to look for in the method
   * @throws StoppedException if asked to stop
   */
  public List<ProbeRow> of(
      Experiment experiment, long seed, List<TrainingListener> listeners, BooleanSupplier stop) {
    PairedLatentsOptions data = data(experiment);
    PairedLatents.Truth truth = PairedLatents.generate(data.generator(), seed).truth();
    ExperimentRun run = new ExperimentRun(experiment, seed, inputs, stop);
    Probe probe = probe(experiment, run, data.generator(), truth);
    List<ProbeRow> rows = new ArrayList<>(probe.look(probe::untrained));
    if (!run.train(listeners, stop)) {
      throw new StoppedException("stopped after " + run.epochsDone() + " epochs");
    }
    rows.addAll(probe.look(probe::trained));
    return rows;
  }

  private static PairedLatentsOptions data(Experiment experiment) {
    DataOptions data = experiment.settings().data();
    if (data instanceof PairedLatentsOptions latents) {
      String control = ConfigBinder.kebab(latents.control());
      Options.require(latents.control() == Control.NONE, "data.control", "none", control);
      return latents;
    }
    throw new ConfigException(
        "data.name: expected " + PairedLatentsOptions.NAME + ", found " + data.name());
  }

  private static Probe probe(
      Experiment experiment,
      ExperimentRun run,
      PairedLatents.Options planted,
      PairedLatents.Truth truth) {
    Method method = run.method();
    if (method instanceof DiscomKd discomKd) {
      return new FeatureProbe(run, discomKd, planted.classes(), truth);
    }
    if (method instanceof C2kd c2kd) {
      requireSome("misaligned", planted.misaligned());
      return new SelectionProbe(run, c2kd, truth);
    }
    if (method instanceof Cmd cmd) {
      requireSome("low-quality", planted.lowQuality());
      return new WeightProbe(run, cmd, truth);
    }
    throw new ConfigException(
        "method.name: expected one to probe, cmd, c2kd or discom-kd, found "
            + experiment.method().name());
  }

  private static void requireSome(String key, double share) {
    Options.require(
        share > 0 && share < 1, "data.generator." + key, "a share to find, in (0, 1)", share);
  }
}
