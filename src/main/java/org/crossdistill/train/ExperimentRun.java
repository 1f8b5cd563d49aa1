package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.crossdistill.data.PictureAugmenter;
import org.crossdistill.data.PictureTransform;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.Subset;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.OpenSet;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.MethodContext.Encoders;
import org.crossdistill.method.Need;
import org.crossdistill.method.NetworksAlone;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.nn.TextEncoder;

/**
 * One experiment with one seed, from data to numbers. Not safe for use by several threads at once;
 * different runs may go side by side.
 */
public final class ExperimentRun {

  private final Experiment experiment;
  private final long seed;
  private final PreparedData data;
  private final Teacher teacher;
  private final SmallResNet student;
  private final Method method;
  private final PictureSet pictures;
  private final Trainer trainer;
  private final BestModel best;
  private final Evaluation evaluation;

  /**
   * Loads and divides the data, fits the teacher, makes the networks.
   *
   * @param stop asked while the teacher learns
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
    int pictureSize = settings.data().pictureSize();
    try (PointerScope scope = new PointerScope()) {
      data = inputs.data(settings.data(), seed);
      teacher = inputs.teacher(experiment, data, seed, stop);
      student = new SmallResNet(Seeds.random(seed, "student", 0), settings.student());
      method = experiment.createMethod(context());
      PictureTransform transform = Preparation.transform(pictureSize);
      PictureAugmenter augmenter = new PictureAugmenter(pictureSize, settings.augmentation());
      pictures = new PictureSet(data, teacher, takesTexts(), augmenter, transform);
      trainer = new Trainer(method, pictures, settings.train(), settings.optimizer(), seed);
    }
    best = new BestModel(method);
    evaluation = new Evaluation(data, Preparation.transform(pictureSize));
  }

  private boolean takesTexts() {
    Set<Need> needs = experiment.needs();
    return needs.contains(Need.TEACHER_BACKBONE) || needs.contains(Need.OTHER_INPUT);
  }

  private MethodContext context() {
    Experiment.Settings settings = experiment.settings();
    RandomGenerator random = Seeds.random(seed, "method", 0);
    int classes = data.classes().size();
    MethodContext context =
        MethodContext.of(student, classes, settings.identityLoss(), random)
            .withSamples(data.train().length);
    if (teacher == null) {
      return context;
    }
    int features = teacher.features()[0].length;
    Encoders encoders =
        new Encoders(
            r -> new SmallResNet(r, settings.student()),
            r -> new TextEncoder(r, features, settings.teacher().encoder()));
    return context.with(teacher.forMethods()).with(encoders);
  }

  /** A training of the same networks whose steps do without the losses. */
  Trainer withoutLosses() {
    Experiment.Settings settings = experiment.settings();
    Method networks = new NetworksAlone(method);
    return new Trainer(networks, pictures, settings.train(), settings.optimizer(), seed);
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
   * @param stop asked after each step; the epoch under way is then dropped
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
        && (report = trainer.epoch(this::validate, listeners, stop)) != null) {
      score(report).ifPresent(best::offer);
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

  /** What the best epoch has most of: validation accuracy, or in an open set the least EER. */
  OptionalDouble score(EpochReport report) {
    if (report.validation().isEmpty()) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(
        openSet()
            ? -report.validation().get(Metric.EER.key())
            : report.validation().get(Metric.ACCURACY.key()));
  }

  private Map<String, Double> validate() {
    int[] rows = data.validation();
    Map<String, Double> numbers = new LinkedHashMap<>();
    if (rows.length > 0) {
      measure(rows).forEach((metric, value) -> numbers.put(metric.key(), value));
      evaluation
          .distance(method, teacher, rows)
          .ifPresent(distance -> numbers.put("distance", distance));
    }
    return numbers;
  }

  /** Numbers on the test samples, which no choice was made on. */
  public Map<Metric, Double> test() {
    return measure(data.test());
  }

  /** What a model without knowledge reaches on the test samples, where that is known. */
  Map<Metric, Double> chance() {
    return openSet() ? OpenSet.chance(data.testClasses().size()) : Map.of();
  }

  private Map<Metric, Double> measure(int[] rows) {
    return openSet()
        ? evaluation.openSet(method, teacher, rows, seed)
        : evaluation.closedSet(method, rows);
  }

  private boolean openSet() {
    return experiment.settings().data().split() == DataOptions.Split.OPEN;
  }

  /** The test samples of an open set as the model sees them; empty without a common space. */
  public Optional<OpenSetGallery> gallery() {
    int[] test = data.test();
    return evaluation
        .projectTexts(method, teacher, test)
        .map(
            texts ->
                new OpenSetGallery(
                    IntStream.of(test).mapToObj(data.samples()::get).toList(),
                    data.labels(test),
                    data.testClasses(),
                    evaluation.embedPictures(method, test),
                    texts));
  }

  /** The student, ready to be saved. */
  public ModelFile model() {
    ClassTexts texts = classTexts(data.split().train());
    if (openSet()) {
      texts = texts.and(classTexts(data.split().test()));
    }
    return new ModelFile(
        method.student(),
        method.classifier(),
        data.classes(),
        experiment.settings().data().pictureSize(),
        texts.classes(),
        texts.embeddings(),
        experiment.table());
  }

  private ClassTexts classTexts(Subset part) {
    return evaluation
        .projectTexts(method, teacher, part.samples())
        .map(texts -> ClassTexts.of(part, texts))
        .orElse(ClassTexts.NONE);
  }

  /** Writes the model and its card. */
  public void save(
      RunFolder folder, String name, Provenance provenance, Map<Metric, Double> metrics) {
    model().write(folder.model());
    folder.writeCard(Card.of(name, experiment, seed, provenance, metrics, chance()));
  }

  private String config() {
    return ModelFile.json(experiment.table());
  }
}
