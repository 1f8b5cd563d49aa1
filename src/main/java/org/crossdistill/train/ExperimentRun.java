package org.crossdistill.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.PointerScope;
import org.crossdistill.data.DataException;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.Split;
import org.crossdistill.eval.Metric;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.MethodContext.Encoders;
import org.crossdistill.method.Need;
import org.crossdistill.method.NetworksAlone;
import org.crossdistill.nn.Backbone;

/**
 * One experiment with one seed, from data to numbers. Not safe for use by several threads at once;
 * different runs may go side by side.
 */
public final class ExperimentRun {

  private final Experiment experiment;
  private final long seed;
  private final PreparedData data;
  private final Teacher teacher;
  private final Backbone student;
  private final Method method;
  private final PairedSet pairs;
  private final Trainer trainer;
  private final BestModels best;
  private final Measurement measurement;
  private final TrainedModels models;

  /**
   * Loads and divides the data, fits the teacher, makes the networks.
   *
   * @param stop asked while the teacher learns
   * @throws DataException if the method uses the other modality and its samples do not differ, or
   *     the teacher's answers do not
   * @throws StoppedException if asked to stop
   */
  public ExperimentRun(Experiment experiment, long seed, BooleanSupplier stop) {
    this(experiment, seed, Inputs.standard(), stop);
  }

  /** With data and a teacher that other runs may share. */
  ExperimentRun(Experiment experiment, long seed, Inputs inputs, BooleanSupplier stop) {
    this.experiment = experiment;
    this.seed = seed;
    Experiment.Settings settings = experiment.settings();
    try (PointerScope scope = new PointerScope()) {
      data = inputs.data(settings.data(), seed);
      if (usesOther() != PairedSet.Other.NOTHING) {
        data.other().requireDifferences();
      }
      teacher = inputs.teacher(experiment, data, seed, stop);
      student = backbone(Role.STUDENT, Seeds.random(seed, "student", 0));
      method = experiment.createMethod(context());
      if (settings.initialStudent() != null) {
        start(Path.of(settings.initialStudent()));
      }
      pairs = new PairedSet(data, teacher, usesOther(), settings.augmentation());
      trainer = new Trainer(method, pairs, settings.train(), settings.optimizer(), seed);
    }
    best = new BestModels(method);
    Evaluation evaluation = new Evaluation(data);
    boolean open = settings.data().open();
    measurement = new Measurement(evaluation, data, method, teacher, open, seed);
    models =
        new TrainedModels(evaluation, data, method, teacher, settings.data(), experiment.table());
  }

  private void start(Path file) {
    boolean own = teacher == null || method.classifier() != teacher.classifier();
    Options.require(
        own && method.student() == student,
        "initial-student",
        "a method that trains the student with a classifier of its own",
        experiment.method().name());
    ModelFile.copy(file, new Method.SingleModal(student, method.classifier()), data.classes());
  }

  private PairedSet.Other usesOther() {
    Set<Need> needs = experiment.needs();
    if (needs.contains(Need.TEACHER_BACKBONE) || needs.contains(Need.OTHER_INPUT)) {
      return PairedSet.Other.INPUTS;
    }
    return Teacher.isNeeded(needs) ? PairedSet.Other.ANSWERS : PairedSet.Other.NOTHING;
  }

  private Backbone backbone(Role role, RandomGenerator random) {
    long[] shape = data.modality(role).samples().shape();
    return Networks.of(role, shape, experiment.settings(), random);
  }

  private MethodContext context() {
    RandomGenerator random = Seeds.random(seed, "method", 0);
    int classes = data.classes().size();
    MethodContext context =
        MethodContext.of(student, classes, experiment.settings().identityLoss(), random)
            .withSamples(data.train().length)
            .with(new Encoders(r -> backbone(Role.STUDENT, r), r -> backbone(Role.OTHER, r)));
    return teacher == null ? context : context.with(teacher.forMethods());
  }

  /** A training of the same networks whose steps do without the losses. */
  Trainer withoutLosses() {
    Experiment.Settings settings = experiment.settings();
    Method networks = new NetworksAlone(method);
    return new Trainer(networks, pairs, settings.train(), settings.optimizer(), seed);
  }

  Method method() {
    return method;
  }

  PreparedData data() {
    return data;
  }

  /**
   * Samples of both modalities that are not varied, and what the teacher says, as a step sees them.
   */
  Batch batch(int[] samples) {
    return pairs.plain(samples);
  }

  /** The training itself, step by step. */
  Trainer trainer() {
    return trainer;
  }

  /** Steps of the whole training. */
  public long totalSteps() {
    return trainer.totalSteps();
  }

  /**
   * Goes on where the folder's checkpoint stands.
   *
   * @throws CheckpointException if it is of another version, configuration or seed
   */
  public void resume(RunFolder folder) {
    Checkpoint.read(folder.checkpoint(), trainer, best, config(), seed);
    folder.keep(trainer.epochsDone());
  }

  /**
   * Trains to the end, or until asked to stop. When it returns true, the networks are those of the
   * epoch that was best on validation data, or of the last one where there is no such data.
   *
   * @param stop asked before each step; the epoch under way is then dropped
   * @return whether the training is complete
   */
  public boolean train(List<TrainingListener> listeners, BooleanSupplier stop) {
    return train(listeners, stop, () -> false);
  }

  /** As {@link #train(List, BooleanSupplier)}; each epoch is saved in the folder. */
  public boolean train(RunFolder folder, List<TrainingListener> listeners, BooleanSupplier stop) {
    EpochAction save =
        report -> {
          folder.append(report);
          checkpoint(folder);
        };
    return train(save, listeners, stop, () -> false);
  }

  /**
   * As {@link #train(List, BooleanSupplier)}.
   *
   * @param pause asked before each epoch; {@link #checkpoint} then keeps the state
   */
  boolean train(List<TrainingListener> listeners, BooleanSupplier stop, BooleanSupplier pause) {
    return train(report -> {}, listeners, stop, pause);
  }

  /** Saves the state between two epochs, for {@link #resume}. */
  void checkpoint(RunFolder folder) {
    Checkpoint.write(folder.checkpoint(), trainer, best, config(), seed);
  }

  /** Epochs that are done, the ones before a resume included. */
  int epochsDone() {
    return trainer.epochsDone();
  }

  private interface EpochAction {
    void run(EpochReport report);
  }

  private boolean train(
      EpochAction afterEpoch,
      List<TrainingListener> listeners,
      BooleanSupplier stop,
      BooleanSupplier pause) {
    EpochReport report;
    while (!pause.getAsBoolean()
        && (report = trainer.epoch(measurement::validate, listeners, stop)) != null) {
      offer(report);
      afterEpoch.run(report);
      for (TrainingListener listener : listeners) {
        listener.onEpoch(report);
      }
    }
    boolean complete = trainer.complete();
    if (complete) {
      best.restore();
    }
    return complete;
  }

  private void offer(EpochReport report) {
    for (Role role : Role.values()) {
      OptionalDouble score = measurement.score(role, report);
      if (score.isPresent()) {
        best.offer(role, score.getAsDouble());
      }
    }
  }

  /** What the student's best epoch has most of; empty without validation samples. */
  OptionalDouble score(EpochReport report) {
    return measurement.score(Role.STUDENT, report);
  }

  /** Numbers on the test samples, which no choice was made on. */
  public Map<Metric, Double> test() {
    return measurement.of(Split::test);
  }

  /** What a model without knowledge reaches on the test samples, where that is known. */
  Map<Metric, Double> chance() {
    return measurement.chance();
  }

  /**
   * The test samples of an open set of pictures and texts as the model sees them; empty without
   * either or without a common space.
   */
  public Optional<OpenSetGallery> gallery() {
    return models.gallery();
  }

  /** The student, ready to be saved. */
  public ModelFile model() {
    return models.student();
  }

  /** Writes the model, or one for each modality, and the card. */
  public void save(
      RunFolder folder, String name, Provenance provenance, Map<Metric, Double> metrics) {
    List<String> files = models.write(folder);
    Map<String, Object> card = Card.of(name, experiment, seed, provenance, metrics, chance());
    card.put(FinishedTraining.MODELS, files);
    folder.writeCard(card);
  }

  private String config() {
    return ModelFile.json(experiment.table());
  }
}
