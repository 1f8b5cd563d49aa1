package org.crossdistill.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.FullDiskException;
import org.crossdistill.nn.TorchThreads;

/**
 * A random search of settings, the same number of trials for every arm on every data set. The first
 * trial is the file's own settings. What is searched for all arms takes the same values in all of
 * them, trial by trial. Trials are scored on validation data; nothing of the test data is there.
 */
public final class Tuning {

  /**
   * Settings that are tried.
   *
   * @param arm the experiment, with the settings
   * @param number from 0
   * @param set the settings, {@code key=value}; none in the first trial
   */
  public record Trial(Arm arm, int number, List<String> set) {

    @Override
    public String toString() {
      return (arm.data().isEmpty() ? "" : arm.data() + ": ") + arm.name() + " trial " + number;
    }
  }

  /** Is told how a search goes; called on the trials' threads, one call at a time. */
  public interface Listener {

    /** {@code kept} trainings are done already, {@code toTrain} are left. */
    void onStart(int kept, int toTrain);

    /** A training has ended. */
    void onResult(TrialResult result);
  }

  private final TuneOptions options;
  private final Comparison.Plan plan;
  private final Listener listener;
  private final Workers workers;
  private final BooleanSupplier timeIsUp;
  private final Inputs inputs;
  private final List<Trial> trials;

  /**
   * Draws all trials, and so refuses what is no setting before anything is trained.
   *
   * @param file with a {@code [tune]} table
   * @param plan where each trial has a folder {@code [data/]arm/trial-N}
   * @param stop asked before each step
   * @param timeIsUp asked before each step, too; trainings under way are then dropped
   * @throws ConfigException if there is nothing to search or to score by, naming what is missing
   */
  public Tuning(
      ExperimentFile file,
      Comparison.Plan plan,
      Listener listener,
      BooleanSupplier stop,
      BooleanSupplier timeIsUp) {
    this(file, plan, listener, stop, timeIsUp, DataOptions::prepare);
  }

  Tuning(
      ExperimentFile file,
      Comparison.Plan plan,
      Listener listener,
      BooleanSupplier stop,
      BooleanSupplier timeIsUp,
      Inputs.Source source) {
    this.options =
        file.tune().orElseThrow(() -> new ConfigException("tune: expected a table, found none"));
    this.plan = plan;
    this.listener = listener;
    this.workers = new Workers(plan.workers(), stop);
    this.timeIsUp = timeIsUp;
    this.inputs = new Inputs((data, seed) -> source.prepare(data, seed).withoutTest());
    this.trials = SearchPlan.trials(file, options);
  }

  /** All trials: number by number, and for each all data sets and arms. */
  public List<Trial> trials() {
    return trials;
  }

  /**
   * Trains all trials with all seeds; the results come trial by trial, seed by seed.
   *
   * @throws StoppedException if asked to stop
   * @throws FullDiskException if there is no room for the results
   */
  public List<TrialResult> run() {
    TorchThreads.set(trials.get(0).arm().experiment().settings().threads());
    Map<TrialTraining, TrialResult> results = new LinkedHashMap<>();
    List<Supplier<TrialResult>> tasks = new ArrayList<>();
    List<TrialTraining> waiting = new ArrayList<>();
    for (Trial trial : trials) {
      for (long seed : options.seeds()) {
        TrialTraining training = new TrialTraining(trial, seed, plan, inputs);
        results.put(training, training.finished());
        if (results.get(training) == null) {
          waiting.add(training);
          tasks.add(() -> guarded(training));
        }
      }
    }
    listener.onStart(results.size() - tasks.size(), tasks.size());
    List<TrialResult> trained;
    try {
      trained = workers.run(tasks);
    } catch (StoppedException e) {
      throw new StoppedException("stopped; the trials that are done are in " + plan.out());
    }
    for (int i = 0; i < trained.size(); i++) {
      results.put(waiting.get(i), trained.get(i));
    }
    return List.copyOf(results.values());
  }

  private TrialResult guarded(TrialTraining training) {
    TrialResult result;
    try {
      if (workers.getAsBoolean()) {
        throw new StoppedException("stopped before it began");
      }
      result = timeIsUp.getAsBoolean() ? training.left() : training.run(workers, timeIsUp);
    } catch (StoppedException | FullDiskException e) {
      throw e;
    } catch (CrossdistillException e) {
      result = training.failed(e.getMessage());
    }
    synchronized (this) {
      listener.onResult(result);
    }
    return result;
  }
}
