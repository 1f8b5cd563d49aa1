package org.crossdistill.train;

import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.DataException;
import org.crossdistill.data.FeatureSamples;
import org.crossdistill.data.Samples;
import org.crossdistill.data.Seeds;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.Need;
import org.crossdistill.method.StudentAlone;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Passthrough;
import org.crossdistill.nn.Tensors;
import org.crossdistill.nn.TextEmbedding;

/**
 * The teacher of the other modality, and what it says of each of its samples, computed once.
 *
 * @param embeddings of all samples, [N][D_t]
 * @param logits of its classifier, [N][C]; null where none was trained
 * @param classifier its matrix V; null where none was trained
 * @param encoder its network; null where it has none that could go on training
 */
record Teacher(float[][] embeddings, float[][] logits, Classifier classifier, Backbone encoder) {

  /** Rows are cheap: all at once. Maps take memory in every layer. */
  private static final int ROWS_AT_A_TIME = 4096;

  /**
   * Rows are the same that are no further from each other than this share of their length. Sums of
   * f32 that are taken in another order, as in batches of another size, differ by about 1e-5 of it.
   * And an angle of 1e-4 is less than students can see: its cosine is 1 − 5e-9, which f32 rounds to
   * 1.
   */
  private static final double SAME = 1e-4;

  /** Whether a method that needs so much needs a teacher, and not only samples for its own. */
  static boolean isNeeded(Set<Need> needs) {
    return needs.stream().anyMatch(Need::isOfTeacher);
  }

  /**
   * Fits the teacher on the training samples of its modality.
   *
   * @param withClassifier whether logits and classifier are wanted
   * @param stop asked before each step
   * @throws StoppedException if asked to stop
   * @throws DataException if it says the same of all training samples
   */
  static Teacher fit(
      Experiment.Settings settings,
      PreparedData data,
      boolean withClassifier,
      long seed,
      BooleanSupplier stop) {
    Teacher teacher =
        settings.teacher().kind() == TeacherOptions.Kind.CLASSIFIER
            ? network(settings, data, seed, stop)
            : embedding(settings, data, withClassifier, seed, stop);
    teacher.requireDifferences(data.other());
    return teacher;
  }

  private static Teacher network(
      Experiment.Settings settings, PreparedData data, long seed, BooleanSupplier stop) {
    RandomGenerator random = Seeds.random(seed, "teacher", 0);
    Samples samples = data.other().samples();
    Backbone encoder = Networks.of(Role.OTHER, samples.shape(), settings, random);
    Method method = train(settings, encoder, random, data, samples, seed, stop);
    return answers(method, samples, settings, encoder);
  }

  private static Teacher embedding(
      Experiment.Settings settings,
      PreparedData data,
      boolean withClassifier,
      long seed,
      BooleanSupplier stop) {
    Samples samples = data.other().samples();
    float[][] rows =
        IntStream.range(0, samples.size()).mapToObj(samples::get).toArray(float[][]::new);
    int size = settings.teacher().embedding();
    float[][] fitted =
        IntStream.of(data.other().train()).mapToObj(i -> rows[i]).toArray(float[][]::new);
    float[][] embeddings = TextEmbedding.fit(fitted, size).embed(rows);
    if (!withClassifier) {
      return new Teacher(embeddings, null, null, null);
    }
    RandomGenerator random = Seeds.random(seed, "teacher", 0);
    Samples embedded = new FeatureSamples(embeddings);
    Method method = train(settings, new Passthrough(size), random, data, embedded, seed, stop);
    return answers(method, embedded, settings, null);
  }

  private static Method train(
      Experiment.Settings settings,
      Backbone backbone,
      RandomGenerator random,
      PreparedData data,
      Samples samples,
      long seed,
      BooleanSupplier stop) {
    Modality modality = data.other();
    int classes = modality.classes().size();
    MethodContext context = MethodContext.of(backbone, classes, settings.identityLoss(), random);
    Method method = new StudentAlone(StudentAlone.Options.defaults(), context);
    TrainingSet set =
        new ModalitySet(modality, samples, modality.labelledTrain(), settings.augmentation());
    TeacherOptions options = settings.teacher();
    Trainer trainer = new Trainer(method, set, options.train(), options.optimizer(), seed);
    if (!trainer.run(List.of(), stop)) {
      throw new StoppedException("stopped before the first epoch");
    }
    return method;
  }

  private static Teacher answers(
      Method method, Samples samples, Experiment.Settings settings, Backbone encoderOrNull) {
    int[] all = IntStream.range(0, samples.size()).toArray();
    int atATime = samples.shape().length == 1 ? ROWS_AT_A_TIME : Embedder.BATCH;
    float[][] embeddings = Embedder.embed(method.student(), samples, all, atATime);
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Scalar scale = new Scalar(settings.identityLoss().scale());
      Tensor logits = method.classifier().forward(Tensors.of(embeddings)).mul(scale);
      return new Teacher(
          embeddings, Tensors.rows(logits), (Classifier) method.classifier(), encoderOrNull);
    }
  }

  /**
   * Fails where it says the same of all training samples.
   *
   * @throws DataException naming the modality
   */
  void requireDifferences(Modality modality) {
    int[] train = modality.train();
    float[] first = embeddings[train[0]];
    double same = SAME * distance(first, new float[first.length]);
    if (IntStream.of(train).allMatch(i -> distance(embeddings[i], first) <= same)) {
      throw new DataException(
          "teacher of %s: expected embeddings that differ, found the same for all %d training samples"
              .formatted(modality.kind().key(), train.length));
    }
  }

  private static double distance(float[] row, float[] other) {
    double square = 0;
    for (int j = 0; j < row.length; j++) {
      double difference = (double) row[j] - other[j];
      square += difference * difference;
    }
    return Math.sqrt(square);
  }

  /** What a method is told of it. */
  MethodContext.Teacher forMethods() {
    return new MethodContext.Teacher(embeddings[0].length, classifier, encoder);
  }
}
