package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Kernels;
import org.crossdistill.loss.QualityWeights.Options;

/** {@link QualityWeights} composed of LibTorch operations. */
final class QualityWeightsReference {

  private QualityWeightsReference() {}

  static Tensor norms(Tensor embeddings) {
    try (Results results = new Results()) {
      return results.keep(Composition.norms(embeddings.detach().to(accumulation(embeddings))));
    }
  }

  /** Arguments checked but for the values; changes the running statistics in place. */
  static Tensor forward(
      Options options,
      Tensor qualityStudent,
      Tensor qualityTeacher,
      Kernels.StatisticsUse use,
      double[] running) {
    try (Results results = new Results()) {
      Tensor s = finite("qualityStudent", qualityStudent);
      Tensor t = finite("qualityTeacher", qualityTeacher);
      if (use.update() && s.size(0) > 0) {
        double alpha = use.initialized() ? options.alpha() : 1;
        boolean single = DTypes.of(s) == DType.F32;
        double[] batch = {mean(s), deviation(s), mean(t), deviation(t)};
        for (int i = 0; i < running.length; i++) {
          double next = running[i] + alpha * (batch[i] - running[i]);
          running[i] = single ? (float) next : next;
        }
      }
      Tensor qualityOfStudent = standardised(options, s, running[0], running[1]);
      Tensor qualityOfTeacher = standardised(options, t, running[2], running[3]);
      return results.keep(weights(options, qualityOfStudent, qualityOfTeacher));
    }
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

  private static Tensor standardised(Options options, Tensor values, double mean, double sigma) {
    double factor = options.h() / (sigma + QualityWeights.SIGMA_FLOOR);
    return clip(values.sub(new Scalar(mean)).mul(new Scalar(factor)), -1, 1);
  }

  private static Tensor clip(Tensor values, double least, double most) {
    return values.clamp(
        new ScalarOptional(new Scalar(least)), new ScalarOptional(new Scalar(most)));
  }

  private static double mean(Tensor values) {
    return values.mean().item_double();
  }

  private static double deviation(Tensor values) {
    return values.size(0) == 1 ? 0 : values.std(true).item_double();
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
