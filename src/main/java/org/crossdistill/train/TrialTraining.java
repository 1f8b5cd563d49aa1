package org.crossdistill.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.data.DataException;
import org.crossdistill.eval.Metric;
import org.crossdistill.train.Tuning.Trial;

/** One training of a search; its result is the file {@code [data/]arm/trial-N/seed-N.json}. */
final class TrialTraining {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String VALUE = "value";
  private static final String DIVERGED = "diverged";
  private static final String TRAINING = "training";

  private final Trial trial;
  private final long seed;
  private final Experiment experiment;
  private final Path folder;
  private final Map<String, Object> card;
  private final Comparison.Plan plan;
  private final Inputs inputs;

  TrialTraining(Trial trial, long seed, Comparison.Plan plan, Inputs inputs) {
    this.trial = trial;
    this.seed = seed;
    this.plan = plan;
    this.inputs = inputs;
    Arm arm = trial.arm();
    experiment = arm.experiment().forSeed(seed);
    folder = plan.out().resolve(arm.data()).resolve(arm.name()).resolve("trial-" + trial.number());
    card = Card.of(arm.name(), experiment, seed, plan.provenance(), Map.of(), Map.of());
  }

  private Path file() {
    return folder.resolve("seed-" + seed + ".json");
  }

  private String metric() {
    boolean open = experiment.settings().data().open();
    return (open ? Metric.EER : Metric.ACCURACY).key();
  }

  /** What an earlier search found with the same settings; null if there is no such thing. */
  TrialResult finished() {
    if (plan.finished() == Comparison.Finished.REPEAT || !Files.exists(file())) {
      return null;
    }
    try {
      JsonNode found = JSON.readTree(file().toFile());
      if (!found.path(TRAINING).equals(JSON.readTree(ModelFile.json(card)))) {
        return null;
      }
      boolean diverged = found.path(DIVERGED).asBoolean();
      return result(diverged ? Double.NaN : found.path(VALUE).asDouble(), diverged, null);
    } catch (IOException e) {
      throw new DataException("cannot read the trial in " + file() + ": " + e, e);
    }
  }

  /**
   * Trains and measures on validation data.
   *
   * @throws StoppedException if asked to stop
   */
  TrialResult run(BooleanSupplier stop, BooleanSupplier timeIsUp) {
    BooleanSupplier end = () -> stop.getAsBoolean() || timeIsUp.getAsBoolean();
    double value;
    try {
      value = validationAtTheEnd(new ExperimentRun(experiment, seed, inputs, end), end);
    } catch (DivergenceException e) {
      return written(result(Double.NaN, true, null));
    } catch (StoppedException e) {
      if (stop.getAsBoolean()) {
        throw e;
      }
      return left();
    }
    return written(result(value, false, null));
  }

  /** After the last epoch, when the learning rate has come to its end; not the best of all. */
  private double validationAtTheEnd(ExperimentRun run, BooleanSupplier end) {
    double[] value = new double[1];
    TrainingListener last =
        new TrainingListener() {
          @Override
          public void onEpoch(EpochReport report) {
            value[0] = report.validation().get(metric());
          }
        };
    if (!run.train(List.of(last), end)) {
      throw new StoppedException("stopped in the middle of a trial");
    }
    return value[0];
  }

  private TrialResult written(TrialResult result) {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("set", trial.set());
    content.put("metric", metric());
    content.put(VALUE, result.diverged() ? null : result.value());
    content.put(DIVERGED, result.diverged());
    content.put(TRAINING, card);
    AtomicFiles.createFolders(folder);
    AtomicFiles.write(file(), ModelFile.json(content) + "\n");
    return result;
  }

  private TrialResult result(double value, boolean diverged, String failure) {
    return new TrialResult(trial, seed, metric(), value, diverged, failure);
  }

  TrialResult left() {
    return result(Double.NaN, false, null);
  }

  TrialResult failed(String failure) {
    return result(Double.NaN, false, failure);
  }
}
