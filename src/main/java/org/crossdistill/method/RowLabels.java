package org.crossdistill.method;

import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.loss.MarginClassifierLoss;

/**
 * Labels of a batch's rows, where the teacher may stand in for those that are not known.
 *
 * @param known the labels as given, −100 where there is none, [B] int64
 * @param all the labels with the teacher's in the gaps, if it is to fill them, [B] int64
 * @param confidenceOrNull weight of each row: 1, or the teacher's probability for its own label,
 *     [B] f32; null where all are 1
 */
record RowLabels(Tensor known, Tensor all, Tensor confidenceOrNull) {

  private static final double SMALLEST_MEAN = 1e-12;

  /**
   * @param rows B
   * @throws MethodException if there are labels, or logits that are read, of other than B rows
   */
  static RowLabels of(Batch batch, long rows, CmdOptions.Unlabelled unlabelled) {
    Tensor known = batch.labels();
    requireRows("student.labels", known, 1, rows);
    if (unlabelled == CmdOptions.Unlabelled.IGNORE) {
      return new RowLabels(known, known, null);
    }
    Tensor logits = batch.teacherLogits();
    requireRows("teacher.logits", logits, 2, rows);
    T_TensorTensor_T best = logits.softmax(1).max(1, false);
    Tensor ones = known.eq(known).to(ScalarType.Float);
    Tensor gaps = known.eq(new Scalar((long) MarginClassifierLoss.IGNORE_LABEL));
    return new RowLabels(known, best.get1().where(gaps, known), best.get0().where(gaps, ones));
  }

  private static void requireRows(String name, Tensor tensor, int dimensions, long rows) {
    boolean holds = tensor.dim() == dimensions && tensor.size(0) == rows && tensor.numel() > 0;
    if (!holds) {
      throw new MethodException(
          "batch: %s: expected %d dimensions and %d rows, found %s"
              .formatted(name, dimensions, rows, Arrays.toString(tensor.shape())));
    }
  }

  /** Mean over the rows that count. */
  Tensor mean(Tensor rows) {
    return rows.sum().div(labelled().sum().clamp_min(new Scalar(1)));
  }

  /** Weights of the weighted term: w·confidence, and divided by their mean for a weighted mean. */
  Tensor weighted(Tensor w, boolean weightedMean) {
    Tensor weighted = confidenceOrNull == null ? w : w.mul(confidenceOrNull);
    if (!weightedMean) {
      return weighted;
    }
    return weighted.div(mean(weighted.mul(labelled())).clamp_min(new Scalar(SMALLEST_MEAN)));
  }

  private Tensor labelled() {
    return all.ne(new Scalar((long) MarginClassifierLoss.IGNORE_LABEL));
  }
}
