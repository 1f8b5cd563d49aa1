package org.crossdistill.loss;

import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.loss.KdLoss.Options;
import org.crossdistill.loss.KdLoss.Output;
import org.crossdistill.loss.KdLoss.Result;
import org.crossdistill.loss.KdLoss.Target;

/** {@link KdLoss} composed of LibTorch operations, with LibTorch's autograd. */
final class KdReference {

  private KdReference() {}

  static Result forward(Options options, KdLoss.Call call) {
    ScalarType given = DTypes.scalarType(call.dtype());
    ScalarType type = DTypes.scalarType(call.dtype().accumulation());
    try (Results results = new Results();
        InferenceMode left = new InferenceMode(false)) {
      Tensor s =
          Composition.leaf(call.student(), type, call.outputs().contains(Output.GRAD_STUDENT));
      Tensor t =
          Composition.leaf(call.teacher(), type, call.outputs().contains(Output.GRAD_TEACHER));
      boolean weightsGradient = call.outputs().contains(Output.GRAD_WEIGHTS);
      Tensor w = Composition.weights(call.weightsOrNull(), call.student(), type, weightsGradient);
      Tensor labels = call.labelsOrNull() == null ? anyLabels(s) : call.labelsOrNull();
      // Ignored rows are left out altogether: nothing of theirs, not even NaN, may reach the rest.
      Tensor counted = Composition.countedRows(labels, s.size(1));
      Tensor losses =
          divergences(
              t.index_select(0, counted),
              s.index_select(0, counted),
              labels.index_select(0, counted),
              options.target(),
              options.temperature());
      Tensor loss = Composition.reduce(losses, w.index_select(0, counted), options.reduction());
      Tensor[] gradients = Composition.gradients(loss, call.gradScale(), s, t, w);
      Tensor rows = torch.zeros_like(w.detach()).index_copy(0, counted, losses.detach());
      return new Result(
          results.keep(loss.detach()),
          call.outputs().contains(Output.ROWS) ? results.keep(rows) : null,
          results.keep(Composition.as(given, gradients[0])),
          results.keep(Composition.as(given, gradients[1])),
          results.keep(Composition.as(type, gradients[2])));
    }
  }

  private static Tensor anyLabels(Tensor logits) {
    return logits.detach().new_zeros(logits.size(0)).to(ScalarType.Long);
  }

  /** T²·KL(softmax(from / T) ‖ softmax(to / T)) of each row: [N]. */
  static Tensor divergences(
      Tensor from, Tensor to, Tensor labels, Target target, double temperature) {
    Tensor logP = logSoftmax(from, labels, target, temperature);
    Tensor logQ = logSoftmax(to, labels, target, temperature);
    Tensor sums = Composition.sumOfColumns(logP.exp().mul(logP.sub(logQ)));
    return sums.mul(new Scalar(temperature * temperature));
  }

  private static Tensor logSoftmax(
      Tensor logits, Tensor labels, Target target, double temperature) {
    Tensor column = labels.unsqueeze(1);
    Tensor scaled = logits.div(new Scalar(temperature));
    Tensor chosen =
        switch (target) {
          case KEPT -> scaled;
          case ZERO_LOGIT -> scaled.scatter(1, column, new Scalar(0.0));
          case EXCLUDE -> {
            Tensor others = labels.new_ones(labels.size(0), logits.size(1) - 1).cumsum(1);
            Tensor before = others.sub(new Scalar(1));
            yield scaled.gather(1, before.add(before.ge(column).to(ScalarType.Long)));
          }
        };
    return chosen.log_softmax(1);
  }
}
