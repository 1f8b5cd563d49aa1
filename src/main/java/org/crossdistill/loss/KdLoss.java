package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Knowledge distillation on logits (Hinton et al., 2015): L = T²/B · Σᵢ KL(pᵢ ‖ qᵢ) with p and q
 * the softmax of the teacher's and the student's logits over T. The teacher's side is fixed.
 *
 * <p>A composition of LibTorch operations. Safe for use by several threads.
 *
 * @param temperature T > 0
 */
public record KdLoss(double temperature) {

  /**
   * The loss and its gradient.
   *
   * @param loss [] f32
   * @param gradStudent d loss / d student logits = T/B·(q − p), [B, C]
   */
  public record Result(Tensor loss, Tensor gradStudent) {}

  /**
   * Computes loss and gradient.
   *
   * @param student logits [B, C]
   * @param teacher logits [B, C]
   * @param gradScale factor of the gradient, not of the loss
   */
  public Result forward(Tensor student, Tensor teacher, double gradScale) {
    Scalar t = new Scalar(temperature);
    Tensor logQ = student.detach().div(t).log_softmax(1);
    Tensor logP = teacher.detach().div(t).log_softmax(1);
    Tensor p = logP.exp();
    double rows = student.size(0);
    Tensor loss = p.mul(logP.sub(logQ)).sum().mul(new Scalar(temperature * temperature / rows));
    Tensor gradient = logQ.exp().sub(p).mul(new Scalar(gradScale * temperature / rows));
    return new Result(loss, gradient);
  }
}
