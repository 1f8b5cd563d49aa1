package org.crossdistill.train;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;
import org.crossdistill.eval.Metric;
import org.crossdistill.method.Method;
import org.crossdistill.method.Method.SingleModal;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.MethodContext.Encoders;
import org.crossdistill.method.Need;
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
  private final Trainer trainer;
  private final BestModels best;
  private final Evaluation evaluation;

  /**
   * Loads and divides the data, fits the teacher, makes the networks.
   *
   * @param stop asked while the teacher learns
   * @throws StoppedException if asked to stop
   */
  public ExperimentRun(Experiment experiment, long seed, BooleanSupplier stop) {
    this.experiment = experiment;
    this.seed = seed;
    Experiment.Settings settings = experiment.settings();
    try (PointerScope scope = new PointerScope()) {
      data = settings.data().prepare(seed);
      teacher = teacher(stop);
      student = backbone(Role.STUDENT, Seeds.random(seed, "student", 0));
      method = experiment.createMethod(context());
      PairedSet pairs = new PairedSet(data, teacher, usesOther(), settings.augmentation());
      trainer = new Trainer(method, pairs, settings.train(), settings.optimizer(), seed);
    }
    best = new BestModels(method);
    evaluation = new Evaluation(data);
  }

  private Teacher teacher(BooleanSupplier stop) {
    Set<Need> needs = experiment.needs();
    if (!Teacher.isNeeded(needs)) {
      return null;
    }
    boolean classifier =
        needs.contains(Need.TEACHER_LOGITS) || needs.contains(Need.TEACHER_CLASSIFIER);
    return Teacher.fit(experiment.settings(), data, classifier, seed, stop);
  }

  private PairedSet.Other usesOther() {
    Set<Need> needs = experiment.needs();
    if (needs.contains(Need.TEACHER_BACKBONE) || needs.contains(Need.OTHER_INPUT)) {
      return PairedSet.Other.INPUTS;
    }
    return teacher == null ? PairedSet.Other.NOTHING : PairedSet.Other.ANSWERS;
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
    return train(report -> {}, listeners, stop);
  }

  /** As {@link #train(List, BooleanSupplier)}; each epoch is saved in the folder. */
  public boolean train(RunFolder folder, List<TrainingListener> listeners, BooleanSupplier stop) {
    EpochAction save =
        report -> {
          folder.append(report);
          Checkpoint.write(folder.checkpoint(), trainer, best, config(), seed);
        };
    return train(save, listeners, stop);
  }

  private interface EpochAction {
    void run(EpochReport report);
  }

  private boolean train(
      EpochAction afterEpoch, List<TrainingListener> listeners, BooleanSupplier stop) {
    EpochReport report;
    while ((report = trainer.epoch(this::validate, listeners, stop)) != null) {
      for (Role role : Role.values()) {
        OptionalDouble score = score(role, report);
        if (score.isPresent()) {
          best.offer(role, score.getAsDouble());
        }
      }
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
  private OptionalDouble score(Role role, EpochReport report) {
    boolean own = role == Role.STUDENT;
    Metric metric =
        openSet()
            ? (own ? Metric.EER : Metric.OTHER_EER)
            : (own ? Metric.ACCURACY : Metric.OTHER_ACCURACY);
    Double value = report.validation().get(metric.key());
    return value == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(metric.lowerIsBetter() ? -value : value);
  }

  private Map<String, Double> validate() {
    int[] rows = data.validation();
    Map<String, Double> numbers = new LinkedHashMap<>();
    if (rows.length > 0) {
      measure(Split::validation).forEach((metric, value) -> numbers.put(metric.key(), value));
      evaluation
          .distance(method, teacher, rows)
          .ifPresent(distance -> numbers.put("distance", distance));
    }
    return numbers;
  }

  /** Numbers on the test samples, which no choice was made on. */
  public Map<Metric, Double> test() {
    return measure(Split::test);
  }

  private Map<Metric, Double> measure(Function<Split, Subset> part) {
    int[] rows = part.apply(data.student().split()).samples();
    Map<Metric, Double> numbers = new EnumMap<>(Metric.class);
    if (openSet()) {
      numbers.putAll(evaluation.openSet(method, teacher, rows, seed));
    } else {
      SingleModal own = new SingleModal(method.student(), method.classifier());
      numbers.put(Metric.ACCURACY, evaluation.accuracy(own, Role.STUDENT, rows));
    }
    int[] others = part.apply(data.other().split()).samples();
    if (others.length > 0) {
      method.other().ifPresent(model -> measureOther(model, others, numbers));
    }
    return numbers;
  }

  private void measureOther(SingleModal model, int[] rows, Map<Metric, Double> numbers) {
    if (openSet()) {
      numbers.put(Metric.OTHER_EER, evaluation.eer(model, Role.OTHER, rows, seed));
    } else {
      numbers.put(Metric.OTHER_ACCURACY, evaluation.accuracy(model, Role.OTHER, rows));
    }
  }

  private boolean openSet() {
    return experiment.settings().data().open();
  }

  /**
   * The test samples of an open set of pictures and texts as the model sees them; empty without
   * either or without a common space.
   */
  public Optional<OpenSetGallery> gallery() {
    int[] test = data.test();
    if (data.pairs().isEmpty()) {
      return Optional.empty();
    }
    return evaluation
        .projectPartners(method, teacher, test)
        .map(
            texts ->
                new OpenSetGallery(
                    IntStream.of(test).mapToObj(data.pairs()::get).toList(),
                    data.labels(test),
                    data.testClasses(),
                    evaluation.embed(method, test),
                    texts));
  }

  /** The student, ready to be saved. */
  public ModelFile model() {
    ClassTexts texts = classTexts(data.other().split().train());
    if (openSet()) {
      texts = texts.and(classTexts(data.other().split().test()));
    }
    SingleModal student = new SingleModal(method.student(), method.classifier());
    return new ModelFile(
        Role.STUDENT,
        student,
        data.classes(),
        texts.classes(),
        texts.embeddings(),
        experiment.table());
  }

  /**
   * The other modality's model, ready to be saved; empty where the method trains none, or one that
   * takes features which only this run's data know.
   */
  public Optional<ModelFile> otherModel() {
    if (experiment.settings().data().shape(Role.OTHER).isEmpty()) {
      return Optional.empty();
    }
    ClassTexts none = ClassTexts.NONE;
    return method
        .other()
        .map(
            model ->
                new ModelFile(
                    Role.OTHER,
                    model,
                    data.other().classes(),
                    none.classes(),
                    none.embeddings(),
                    experiment.table()));
  }

  private ClassTexts classTexts(Subset part) {
    if (data.other().kind() != Kind.TEXT) {
      return ClassTexts.NONE;
    }
    return evaluation
        .project(method, teacher, part.samples())
        .map(texts -> ClassTexts.of(part, texts))
        .orElse(ClassTexts.NONE);
  }

  /** Writes the model, or one for each modality, and the card. */
  public void save(
      RunFolder folder, String name, Provenance provenance, Map<Metric, Double> metrics) {
    model().write(folder.model());
    otherModel().ifPresent(model -> model.write(folder.otherModel()));
    folder.writeCard(Card.of(name, experiment, seed, provenance, metrics));
  }

  private String config() {
    return ModelFile.json(experiment.table());
  }
}
