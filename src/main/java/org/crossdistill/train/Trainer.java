package org.crossdistill.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.data.Batches;
import org.crossdistill.data.Seeds;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Method;
import org.crossdistill.method.NonFiniteException;
import org.crossdistill.method.Objective;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.Tensors;

/**
 * Trains a method's networks. Each step runs in a pointer scope of its own, so nothing of a step
 * outlives it. All randomness derives from the seed and the epoch: the same seed, data and backend
 * give the same bits, also after a resume.
 *
 * <p>A method's parameters belong to the last trainer that was made for it. A trainer that was
 * stopped, or failed, in the middle of an epoch cannot go on: its networks are between two epochs.
 *
 * <p>Not safe for use by several threads at once; different trainers may run side by side.
 */
public final class Trainer {

  private final Method method;
  private final TrainingSet data;
  private final TrainOptions options;
  private final long seed;
  private final Optimizer optimizer;
  private final LearningRateSchedule schedule;
  private final Batches batches;
  private final Generator generator = torch.make_generator_cpu();
  private int epochsDone;
  private boolean midEpoch;

  /**
   * @param seed of the order of the samples, augmentation and dropout
   */
  public Trainer(
      Method method,
      TrainingSet data,
      TrainOptions options,
      OptimizerOptions optimizerOptions,
      long seed) {
    this.method = method;
    this.data = data;
    this.options = options;
    this.seed = seed;
    try (InferenceMode left = new InferenceMode(false)) { // in it, nothing could be changed later
      this.optimizer = Optimizer.of(optimizerOptions, method.parameterGroups());
    }
    batches = new Batches(data.size(), options.batchSize(), Batches.LastBatch.AT_LEAST_TWO);
    long steps = (long) options.epochs() * batches.count();
    this.schedule =
        new LearningRateSchedule(optimizerOptions.learningRate(), options.warmUp(), steps);
    generator.retainReference();
    method.networks().values().forEach(network -> network.randomness(generator));
  }

  /** Epochs that are done, the ones before a resume included. */
  public int epochsDone() {
    return epochsDone;
  }

  /** Steps of the whole training. */
  long totalSteps() {
    return schedule.totalSteps();
  }

  /** Whether the last epoch is done. */
  public boolean complete() {
    return epochsDone == options.epochs();
  }

  /**
   * Trains all epochs that are left.
   *
   * @param listeners told of each step and each epoch
   * @param stop asked before each step
   * @return whether the training is complete
   * @throws DivergenceException if a term of the loss is no finite number
   * @throws TrainerException as {@link #epoch}
   */
  public boolean run(List<TrainingListener> listeners, BooleanSupplier stop) {
    EpochReport report;
    while ((report = epoch(Map::of, listeners, stop)) != null) {
      for (TrainingListener listener : listeners) {
        listener.onEpoch(report);
      }
    }
    return complete();
  }

  /**
   * Trains one epoch.
   *
   * @param validation metrics on validation data, called after the epoch in inference mode
   * @param listeners told of each step
   * @param stop asked before each step; if it says yes, the networks stay as they are in the middle
   *     of the epoch, which then does not count; in inference mode, as after any end of an epoch
   * @return null if there is no epoch left, or if asked to stop
   * @throws DivergenceException if a term of the loss is no finite number
   * @throws TrainerException if an epoch was left in the middle before, if another trainer was made
   *     for the method, or if the training set gives no batch of as many rows as were asked for
   */
  public EpochReport epoch(
      Supplier<Map<String, Double>> validation,
      List<TrainingListener> listeners,
      BooleanSupplier stop) {
    if (complete()) {
      return null;
    }
    requireStart();
    midEpoch = true;
    try {
      return epoch(epochsDone + 1, validation, listeners, stop);
    } finally {
      train(false);
    }
  }

  private void requireStart() {
    if (midEpoch) {
      throw new TrainerException(
          "trainer: expected a new one, since epoch "
              + (epochsDone + 1)
              + " was left in the middle, found this one");
    }
    if (!optimizer.ownsParameters()) {
      throw new TrainerException(
          "trainer: expected the method's parameters, found them with a trainer made later");
    }
  }

  private EpochReport epoch(
      int epoch,
      Supplier<Map<String, Double>> validation,
      List<TrainingListener> listeners,
      BooleanSupplier stop) {
    long start = System.nanoTime();
    train(true);
    generator.set_current_seed(Seeds.of(seed, "dropout", epoch));
    RandomGenerator augmentation = Seeds.random(seed, "augmentation", epoch);
    TermMeans means = new TermMeans(epoch);
    List<int[]> order = batches.shuffled(seed, epoch);
    List<int[]> unpaired = method.paired() ? List.of() : unpaired(epoch, order.size());
    for (int i = 0; i < order.size(); i++) {
      if (stop.getAsBoolean()) {
        return null;
      }
      int[] rows = order.get(i);
      int[] others = method.paired() ? partners(rows, augmentation) : unpaired.get(i);
      step(rows, others, augmentation, means);
      listeners.forEach(listener -> listener.onStep(optimizer.steps(), totalSteps()));
    }
    return finish(epoch, means.read(), order, start, validation);
  }

  private EpochReport finish(
      int epoch,
      Map<String, Double> terms,
      List<int[]> order,
      long start,
      Supplier<Map<String, Double>> validation) {
    double seconds = (System.nanoTime() - start) * 1e-9;
    train(false);
    epochsDone = epoch;
    midEpoch = false;
    double rate = schedule.at(optimizer.steps() - 1);
    int samples = order.stream().mapToInt(rows -> rows.length).sum();
    return new EpochReport(
        epoch, options.epochs(), terms, validate(validation), rate, samples, seconds);
  }

  /** Batches of the other modality, drawn on their own; as often through it as it takes. */
  private List<int[]> unpaired(int epoch, int count) {
    Batches others =
        new Batches(data.otherSize(), options.batchSize(), Batches.LastBatch.AT_LEAST_TWO);
    List<int[]> drawn = new ArrayList<>();
    for (int round = 0; drawn.size() < count; round++) {
      drawn.addAll(others.shuffled(Seeds.of(seed, "unpaired", round), epoch));
    }
    return drawn;
  }

  private void step(int[] rows, int[] others, RandomGenerator augmentation, TermMeans means) {
    // Out of any mode of the caller's in which no gradient would be computed.
    try (PointerScope scope = new PointerScope();
        InferenceMode left = new InferenceMode(false)) {
      double progress = (double) optimizer.steps() / schedule.totalSteps();
      optimizer.zeroGradients();
      Batch batch = data.batch(rows, others, augmentation, progress);
      requireRows(batch, rows.length);
      Objective objective = method.step(batch);
      objective.backward();
      optimizer.clipGradients(options.clipNorm());
      optimizer.step(schedule.at(optimizer.steps()));
      means.add(objective.terms());
    } catch (NonFiniteException e) {
      throw means.diverged(e);
    }
  }

  private int[] partners(int[] rows, RandomGenerator random) {
    int[] partners = data.partners(rows, random);
    if (partners == null || partners.length != rows.length) {
      throw new TrainerException(
          "training set: expected %d partners, found %s"
              .formatted(rows.length, partners == null ? "none" : partners.length));
    }
    return partners;
  }

  /** What else a batch must hold, the method says. */
  private static void requireRows(Batch batch, int rows) {
    if (batch == null) {
      throw new TrainerException("training set: expected a batch of " + rows + " rows, found none");
    }
    Tensor input = batch.student().input();
    if (Tensors.isGiven(input) && input.dim() > 0 && input.size(0) != rows) {
      throw new TrainerException(
          "training set: expected a batch of " + rows + " rows, found " + input.size(0));
    }
  }

  private static Map<String, Double> validate(Supplier<Map<String, Double>> validation) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      return validation.get();
    }
  }

  private void train(boolean on) {
    method.networks().values().forEach(network -> network.training(on));
  }

  /** Everything that {@link #resume} needs beside the epoch, by name. */
  Map<String, Tensor> state() {
    Map<String, Tensor> all = new LinkedHashMap<>();
    for (Map.Entry<String, Module> network : method.networks().entrySet()) {
      String prefix = network.getKey() + ".";
      network.getValue().state().forEach((name, tensor) -> all.put(prefix + name, tensor));
    }
    optimizer.state().forEach((name, tensor) -> all.put("optimizer." + name, tensor));
    return all;
  }

  /** Goes on after {@code epochs} epochs, whose state has been copied into {@link #state()}. */
  void resume(int epochs) {
    epochsDone = epochs;
    long stepsAnEpoch = schedule.totalSteps() / options.epochs();
    optimizer.resumeAt(epochs * stepsAnEpoch);
  }
}
