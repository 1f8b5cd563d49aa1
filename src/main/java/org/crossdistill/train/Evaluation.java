package org.crossdistill.train;

import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PictureTransform;
import org.crossdistill.eval.Accuracy;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.OpenSet;
import org.crossdistill.method.Method;
import org.crossdistill.nn.Tensors;

/** Measures a trained method on held-out samples. */
final class Evaluation {

  private final PreparedData data;
  private final PictureTransform transform;

  Evaluation(PreparedData data, PictureTransform transform) {
    this.data = data;
    this.transform = transform;
  }

  /** Embeddings of some samples' pictures, [rows.length][D]. */
  float[][] embedPictures(Method method, int[] rows) {
    float[][] pictures =
        IntStream.of(rows).mapToObj(i -> data.pictures()[i].clone()).toArray(float[][]::new);
    for (float[] picture : pictures) {
      transform.normalise(picture);
    }
    return Embedder.embed(method.student(), pictures, 3, transform.size(), transform.size());
  }

  /**
   * The teacher's embeddings of some samples' own texts in the student's space, [rows.length][D];
   * empty where the method has no common space.
   */
  Optional<float[][]> projectTexts(Method method, Teacher teacher, int[] rows) {
    if (teacher == null) {
      return Optional.empty();
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor embeddings = Tensors.of(select(teacher.embeddings(), rows));
      return method.project(embeddings).map(Tensors::rows);
    }
  }

  /** Mean ‖ŝ − t̂‖ over some samples; empty where the method has no common space. */
  Optional<Double> distance(Method method, Teacher teacher, int[] rows) {
    return projectTexts(method, teacher, rows)
        .map(texts -> meanDistance(embedPictures(method, rows), texts));
  }

  private static double meanDistance(float[][] s, float[][] t) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor difference = Tensors.normalize(Tensors.of(s)).sub(Tensors.normalize(Tensors.of(t)));
      return difference.square().sum(1).sqrt().mean().item_double();
    }
  }

  /** Numbers on samples of the classes that the student was trained on. */
  Map<Metric, Double> closedSet(Method method, int[] rows) {
    float[][] embeddings = embedPictures(method, rows);
    float[][] cosines = Embedder.map(embeddings, method.classifier()::forward);
    return Map.of(Metric.ACCURACY, Accuracy.top1(cosines, data.labels(rows)));
  }

  /** Numbers on samples of classes that the student has never seen. */
  Map<Metric, Double> openSet(Method method, Teacher teacher, int[] rows, long seed) {
    float[][] pictures = embedPictures(method, rows);
    int[] labels = data.labels(rows);

    return projectTexts(method, teacher, rows)
        .map(texts -> OpenSet.evaluate(pictures, texts, labels, seed))
        .orElseGet(() -> OpenSet.evaluate(pictures, labels, seed));
  }

  private static float[][] select(float[][] rows, int[] indices) {
    return IntStream.of(indices).mapToObj(i -> rows[i]).toArray(float[][]::new);
  }
}
