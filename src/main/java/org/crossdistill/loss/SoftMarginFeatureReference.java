package org.crossdistill.loss;

import java.util.Set;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.loss.SoftMarginFeatureLoss.Distance;
import org.crossdistill.loss.SoftMarginFeatureLoss.Options;
import org.crossdistill.loss.SoftMarginFeatureLoss.Output;
import org.crossdistill.loss.SoftMarginFeatureLoss.Result;

/** {@link SoftMarginFeatureLoss} composed of LibTorch operations, with LibTorch's autograd. */
final class SoftMarginFeatureReference {

  private SoftMarginFeatureReference() {}

  /** Arguments as in {@link SoftMarginFeatureLoss#forward}, checked but for the weights' values. */
  static Result forward(
      Options options,
      Tensor student,
      Tensor teacher,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    ScalarType given = DTypes.scalarType(DTypes.of(student));
    ScalarType type = DTypes.scalarType(DTypes.of(student).accumulation());
    try (Results results = new Results();
        InferenceMode left = new InferenceMode(false)) {
      Tensor s = Composition.leaf(student, type, outputs.contains(Output.GRAD_STUDENT));
      Tensor t = Composition.leaf(teacher, type, outputs.contains(Output.GRAD_TEACHER));
      boolean weightsGradient = outputs.contains(Output.GRAD_WEIGHTS);
      Tensor w = Composition.weights(weightsOrNull, student, type, weightsGradient);
      Tensor distances = distances(options.distance(), s, t);
      Tensor rows = distances.sub(new Scalar(options.margin())).relu();
      Tensor loss = Composition.reduce(rows, w, options.reduction());
      Tensor[] gradients = Composition.gradients(loss, gradScale, s, t, w);
      return new Result(
          results.keep(loss.detach()),
          outputs.contains(Output.ROWS) ? results.keep(rows.detach()) : null,
          outputs.contains(Output.DISTANCES) ? results.keep(distances.detach()) : null,
          results.keep(Composition.as(given, gradients[0])),
          results.keep(Composition.as(given, gradients[1])),
          results.keep(Composition.as(type, gradients[2])));
    }
  }

  /** d_i [B]. */
  private static Tensor distances(Distance distance, Tensor s, Tensor t) {
    return switch (distance) {
      case NORMALIZED ->
          Composition.norms(Composition.normalized(s).sub(Composition.normalized(t)));
      case SQUARED_NORMALIZED -> {
        Tensor difference = Composition.normalized(s).sub(Composition.normalized(t));
        yield Composition.sumOfColumns(difference.square());
      }
      case COSINE -> {
        Tensor products = Composition.normalized(s).mul(Composition.normalized(t));
        yield Composition.sumOfColumns(products).neg().add(new Scalar(1.0));
      }
      case EUCLIDEAN -> Composition.norms(s.sub(t));
      case SQUARED -> Composition.sumOfColumns(s.sub(t).square());
    };
  }
}
