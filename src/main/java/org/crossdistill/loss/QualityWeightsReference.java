package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.loss.QualityWeights.Options;

/** {@link QualityWeights} composed of LibTorch operations. */
final class QualityWeightsReference {

  private QualityWeightsReference() {}

  static Tensor norms(Tensor embeddings) {
    try (Results results = new Results()) {
      return results.keep(Composition.norms(embeddings.detach().to(accumulation(embeddings))));
    }
  }

  /** Arguments checked but for the values; changes the running statistics f64 [5] in place. */
  static Tensor forward(
      Options options,
      Tensor qualityStudent,
      Tensor qualityTeacher,
      boolean update,
      Tensor statistics) {
    try (Results results = new Results()) {
      Tensor s = finite("qualityStudent", qualityStudent);
      Tensor t = finite("qualityTeacher", qualityTeacher);
      return results.keep(weights(options, s, t, update, statistics));
    }
  }

  /** The same, with norms as qualities. */
  static Tensor ofEmbeddings(
      Options options, Tensor student, Tensor teacher, boolean update, Tensor statistics) {
    try (Results results = new Results()) {
      Tensor s = finite("student", norms(student));
      Tensor t = finite("teacher", norms(teacher));
      return results.keep(weights(options, s, t, update, statistics));
    }
  }

  private static Tensor weights(
      Options options, Tensor s, Tensor t, boolean update, Tensor statistics) {
    if (update && s.size(0) > 0) {
      Tensor one = torch.ones_like(statistics.select(0, 0));
      Tensor batch = stacked(mean(s), deviation(s), mean(t), deviation(t), one);
      boolean held = QualityWeights.holdBatch(statistics);
      statistics.lerp_(batch, new Scalar(held ? options.alpha() : 1));
    }
    Tensor qualityOfStudent =
        standardised(options, s, statistics.select(0, 0), statistics.select(0, 1));
    Tensor qualityOfTeacher =
        standardised(options, t, statistics.select(0, 2), statistics.select(0, 3));
    return weights(options, qualityOfStudent, qualityOfTeacher);
  }

  private static Tensor weights(Options options, Tensor student, Tensor teacher) {
    Tensor byStudent = student.mul(new Scalar(options.k())).add(new Scalar(1.0));
    Tensor byTeacher = teacher.mul(new Scalar(options.k())).add(new Scalar(1.0));
    return switch (options.quality()) {
      case DIFFERENCE -> clip(byTeacher.sub(byStudent).add(new Scalar(1.0)), 0, 2);
      case TEACHER -> clip(byTeacher, 0, 2);
      case STUDENT -> clip(byStudent, 0, 2);
      case PRODUCT -> clip(byTeacher.mul(byStudent), 0, 4);
      case NONE -> torch.ones_like(student);
    };
  }

  private static Tensor standardised(
      Options options, Tensor values, Tensor mean, Tensor deviation) {
    Tensor factor = deviation.add(new Scalar(QualityWeights.SIGMA_FLOOR)).reciprocal();
    Tensor q = values.sub(mean).mul(factor).mul(new Scalar(options.h()));
    return clip(q, -1, 1);
  }

  private static Tensor clip(Tensor values, double least, double most) {
    return values.clamp(
        new ScalarOptional(new Scalar(least)), new ScalarOptional(new Scalar(most)));
  }

  private static Tensor mean(Tensor values) {
    return values.to(ScalarType.Double).mean();
  }

  private static Tensor deviation(Tensor values) {
    Tensor wide = values.to(ScalarType.Double);
    return wide.size(0) == 1 ? torch.zeros_like(wide.select(0, 0)) : wide.std(true);
  }

  private static Tensor stacked(Tensor... numbers) {
    return torch.stack(new TensorVector(numbers));
  }

  private static Tensor finite(String name, Tensor values) {
    Tensor wide = values.detach().to(accumulation(values));
    Tensor bad = wide.isfinite().logical_not();
    if (bad.any().item_bool()) {
      long row = bad.nonzero().select(0, 0).item_long();
      double found = wide.select(0, row).item_double();
      throw new TensorException(
          name + ": expected finite numbers, found " + found + " in row " + row);
    }
    return wide;
  }

  private static ScalarType accumulation(Tensor tensor) {
    return DTypes.scalarType(DTypes.of(tensor).accumulation());
  }
}
