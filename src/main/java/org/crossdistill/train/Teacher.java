package org.crossdistill.train;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.TextVectorizer;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.StudentAlone;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Passthrough;
import org.crossdistill.nn.Tensors;
import org.crossdistill.nn.TextEmbedding;
import org.crossdistill.nn.TextEncoder;

/**
 * The text teacher, and what it says of each sample, computed once.
 *
 * @param features of all samples' texts, [N][F]: what a network of that modality takes
 * @param embeddings of all samples, [N][D_t]
 * @param logits of its classifier, [N][C]; null where none was trained
 * @param classifier its matrix V; null where none was trained
 * @param encoder its network; null where it has none that could go on training
 */
record Teacher(
    float[][] features,
    float[][] embeddings,
    float[][] logits,
    Classifier classifier,
    Backbone encoder) {

  /**
   * Fits the teacher on the training samples' texts.
   *
   * @param withClassifier whether logits and classifier are wanted
   * @param stop asked before each step
   * @throws StoppedException if asked to stop
   */
  static Teacher fit(
      TeacherOptions options,
      MarginClassifierLoss.Options loss,
      PreparedData data,
      boolean withClassifier,
      long seed,
      BooleanSupplier stop) {
    TextVectorizer vectorizer = TextVectorizer.fit(data.samples().texts(data.train()));
    int[] all = IntStream.range(0, data.samples().size()).toArray();
    float[][] features = vectorizer.transform(data.samples().texts(all)).toDense();
    RandomGenerator random = Seeds.random(seed, "teacher", 0);
    if (options.kind() == TeacherOptions.Kind.CLASSIFIER) {
      Backbone encoder = new TextEncoder(random, features[0].length, options.encoder());
      MethodContext context = MethodContext.of(encoder, data.classes().size(), loss, random);
      Method method = train(options, context, data, features, seed, stop);
      return answers(method, features, features, loss.scale(), encoder);
    }
    TextEmbedding embedding =
        TextEmbedding.fit(select(features, data.train()), options.embedding());
    float[][] embeddings = embedding.embed(features);
    if (!withClassifier) {
      return new Teacher(features, embeddings, null, null, null);
    }
    Backbone same = new Passthrough(options.embedding());
    MethodContext context = MethodContext.of(same, data.classes().size(), loss, random);
    Method method = train(options, context, data, embeddings, seed, stop);
    return answers(method, features, embeddings, loss.scale(), null);
  }

  private static Method train(
      TeacherOptions options,
      MethodContext context,
      PreparedData data,
      float[][] inputs,
      long seed,
      BooleanSupplier stop) {
    Method method = new StudentAlone(StudentAlone.Options.defaults(), context);
    TrainingSet texts = new TextSet(inputs, data.labels(), labelled(data));
    Trainer trainer = new Trainer(method, texts, options.train(), options.optimizer(), seed);
    if (!trainer.run(List.of(), stop)) {
      throw new StoppedException("stopped before the first epoch");
    }
    return method;
  }

  private static Teacher answers(
      Method method, float[][] features, float[][] inputs, double scale, Backbone encoderOrNull) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor embeddings = method.student().forward(Tensors.of(inputs));
      Tensor logits = method.classifier().forward(embeddings).mul(new Scalar(scale));
      return new Teacher(
          features,
          Tensors.rows(embeddings),
          Tensors.rows(logits),
          (Classifier) method.classifier(),
          encoderOrNull);
    }
  }

  /** What a method is told of it. */
  MethodContext.Teacher forMethods() {
    return new MethodContext.Teacher(embeddings[0].length, classifier, encoder);
  }

  private static int[] labelled(PreparedData data) {
    return IntStream.of(data.train()).filter(row -> data.labels()[row] >= 0).toArray();
  }

  private static float[][] select(float[][] rows, int[] indices) {
    return IntStream.of(indices).mapToObj(i -> rows[i]).toArray(float[][]::new);
  }

  /** Texts with labels, to train the teacher's own classifier on. */
  private record TextSet(float[][] features, int[] labels, int[] rows) implements TrainingSet {

    @Override
    public int size() {
      return rows.length;
    }

    @Override
    public Batch batch(int[] batch, int[] others, RandomGenerator random, double progress) {
      float[][] inputs = new float[batch.length][];
      long[] classes = new long[batch.length];
      for (int i = 0; i < batch.length; i++) {
        inputs[i] = features[rows[batch[i]]];
        classes[i] = labels[rows[batch[i]]];
      }
      return Batch.of(Tensors.of(inputs), Tensor.create(classes), progress);
    }
  }
}
