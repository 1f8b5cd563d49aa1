package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** What the losses on logits share: divergences of softmaxes, and the parts of a row of logits. */
final class Softmaxes {

  private Softmaxes() {}

  /**
   * T²·KL(p ‖ q) [B] of p = softmax(z_t/T) and q = softmax(z_s/T).
   *
   * @param teacher z_t [B, C]
   * @param student z_s [B, C]
   */
  static Tensor divergence(Tensor teacher, Tensor student, double temperature) {
    Tensor logP = log(teacher, temperature);
    Tensor logQ = log(student, temperature);
    Tensor rows = Composition.sumOfColumns(logP.exp().mul(logP.sub(logQ)));
    return rows.mul(new Scalar(temperature * temperature));
  }

  /** log softmax(z/T) [B, C]. */
  static Tensor log(Tensor logits, double temperature) {
    return logits.div(new Scalar(temperature)).log_softmax(1);
  }

  /** −log softmax(z)_y [B]. */
  static Tensor crossEntropy(Tensor logits, Tensor labels) {
    return logits.logsumexp(1).sub(target(logits, labels));
  }

  /** The column of each row's label: [B, C] → [B]. */
  static Tensor target(Tensor matrix, Tensor labels) {
    return matrix.gather(1, labels.unsqueeze(1)).select(1, 0);
  }

  /** All columns but that of each row's label, in their order: [B, C] → [B, C − 1]. */
  static Tensor others(Tensor matrix, Tensor labels) {
    Tensor mask =
        torch
            .ones_like(matrix.detach())
            .scatter(1, labels.unsqueeze(1), new Scalar(0.0))
            .to(ScalarType.Bool);
    return matrix.masked_select(mask).reshape(matrix.size(0), matrix.size(1) - 1);
  }
}
