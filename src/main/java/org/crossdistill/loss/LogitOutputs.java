package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;

/**
 * What a kernel on the logits of student and teacher writes; null where not asked for. A is f64 for
 * f64 logits, otherwise f32.
 *
 * @param loss [] of A
 * @param rows [B] of A
 * @param gradStudent [B, C] of the logits' type
 * @param gradTeacher [B, C] of the logits' type
 * @param gradWeights [B] of A
 */
record LogitOutputs(
    Tensor loss, Tensor rows, Tensor gradStudent, Tensor gradTeacher, Tensor gradWeights) {

  /** New tensors beside {@code logits} [B, C]. */
  static LogitOutputs blank(
      Tensor logits, boolean rows, boolean gradStudent, boolean gradTeacher, boolean gradWeights) {
    DType accumulation = DTypes.of(logits).accumulation();
    long count = logits.size(0);
    return new LogitOutputs(
        Blank.tensor(logits, accumulation),
        rows ? Blank.tensor(logits, accumulation, count) : null,
        gradStudent ? Blank.like(logits) : null,
        gradTeacher ? Blank.like(logits) : null,
        gradWeights ? Blank.tensor(logits, accumulation, count) : null);
  }

  LogitKernels.Outputs pointers() {
    return new LogitKernels.Outputs(
        Blank.data(loss),
        Blank.data(rows),
        Blank.matrix(gradStudent),
        Blank.matrix(gradTeacher),
        Blank.data(gradWeights));
  }
}
