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
 * What the frozen text teacher says of each sample, computed once.
 *
 * @param embeddings of all samples, [N][D_t]
 * @param logits of its classifier, [N][C]; null where none was trained
 * @param classifier its matrix V; null where none was trained
 */
record Teacher(float[][] embeddings, float[][] logits, Classifier classifier) {

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
    Backbone encoder;
    if (options.kind() == TeacherOptions.Kind.EMBEDDING) {
      TextEmbedding embedding =
          TextEmbedding.fit(select(features, data.train()), options.embedding());
      features = embedding.embed(features);
      if (!withClassifier) {
        return new Teacher(features, null, null);
      }
      encoder = new Passthrough(options.embedding());
    } else {
      encoder = new TextEncoder(random, features[0].length, options.encoder());
    }
    MethodContext context =
        new MethodContext(encoder, data.classes().size(), 0, null, loss, random);
    Method method = new StudentAlone(StudentAlone.Options.defaults(), context);
    TrainingSet texts = new TextSet(features, data.labels(), labelled(data));
    Trainer trainer = new Trainer(method, texts, options.train(), options.optimizer(), seed);
    if (!trainer.run(List.of(), stop)) {
      throw new StoppedException("stopped before the first epoch");
    }
    return answers(method, features, loss.scale());
  }

  private static Teacher answers(Method method, float[][] features, double scale) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor embeddings = method.student().forward(Tensors.of(features));
      Tensor logits = method.classifier().forward(embeddings).mul(new Scalar(scale));
      return new Teacher(Tensors.rows(embeddings), Tensors.rows(logits), method.classifier());
    }
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
    public Batch batch(int[] batch, RandomGenerator random, double progress) {
      float[][] inputs = new float[batch.length][];
      long[] classes = new long[batch.length];
      for (int i = 0; i < batch.length; i++) {
        inputs[i] = features[rows[batch[i]]];
        classes[i] = labels[rows[batch[i]]];
      }
      return new Batch(
          Tensors.of(inputs), null, null, Tensor.create(classes), null, null, progress);
    }
  }
}
