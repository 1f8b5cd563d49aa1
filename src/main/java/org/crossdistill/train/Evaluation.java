package org.crossdistill.train;

import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.eval.Accuracy;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.OpenSet;
import org.crossdistill.method.Method;
import org.crossdistill.method.Method.SingleModal;
import org.crossdistill.nn.Tensors;

/** Measures a trained method on held-out samples. */
final class Evaluation {

  private final PreparedData data;

  Evaluation(PreparedData data) {
    this.data = data;
  }

  /** The student's embeddings of some of its samples, [rows.length][D]. */
  float[][] embed(Method method, int[] rows) {
    return Embedder.embed(method.student(), data.student().samples(), rows);
  }

  /**
   * The teacher's embeddings of some of its samples in the student's space, [rows.length][D]; empty
   * where the method has no common space.
   */
  Optional<float[][]> project(Method method, Teacher teacherOrNull, int[] rows) {
    if (teacherOrNull == null) {
      return Optional.empty();
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      float[][] own =
          IntStream.of(rows).mapToObj(i -> teacherOrNull.embeddings()[i]).toArray(float[][]::new);
      return method.project(Tensors.of(own)).map(Tensors::rows);
    }
  }

  /** As {@link #project}, of the samples that show the same as these of the student. */
  Optional<float[][]> projectPartners(Method method, Teacher teacherOrNull, int[] samples) {
    return data.pairing().own(samples).flatMap(own -> project(method, teacherOrNull, own));
  }

  /** Mean ‖ŝ − t̂‖ over some samples; empty where the method has no common space. */
  Optional<Double> distance(Method method, Teacher teacherOrNull, int[] rows) {
    return projectPartners(method, teacherOrNull, rows)
        .map(partners -> meanDistance(embed(method, rows), partners));
  }

  private static double meanDistance(float[][] s, float[][] t) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      Tensor difference = Tensors.normalize(Tensors.of(s)).sub(Tensors.normalize(Tensors.of(t)));
      return difference.square().sum(1).sqrt().mean().item_double();
    }
  }

  /** Accuracy of a model on samples of the classes that it was trained on. */
  double accuracy(SingleModal model, Role role, int[] rows) {
    Modality modality = data.modality(role);
    float[][] embeddings = Embedder.embed(model.backbone(), modality.samples(), rows);
    float[][] scores = Embedder.map(embeddings, model.classifier()::forward);
    return Accuracy.top1(scores, modality.labels(rows));
  }

  /** Equal error rate of a model on samples of any classes. */
  double eer(SingleModal model, Role role, int[] rows, long seed) {
    Modality modality = data.modality(role);
    float[][] embeddings = Embedder.embed(model.backbone(), modality.samples(), rows);
    return OpenSet.evaluate(embeddings, modality.labels(rows), seed).get(Metric.EER);
  }

  /** Numbers on samples of classes that the student has never seen. */
  Map<Metric, Double> openSet(Method method, Teacher teacherOrNull, int[] rows, long seed) {
    float[][] embeddings = embed(method, rows);
    int[] labels = data.labels(rows);

    return projectPartners(method, teacherOrNull, rows)
        .map(partners -> OpenSet.evaluate(embeddings, partners, labels, seed))
        .orElseGet(() -> OpenSet.evaluate(embeddings, labels, seed));
  }
}
