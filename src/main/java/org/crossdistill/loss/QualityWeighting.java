package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;

/**
 * How the rows of a {@link MarginClassifierLoss} weigh by quality. The first row set holds the
 * embeddings of a student, the second those of its teacher, row by row of the same samples; with w
 * the {@linkplain QualityWeights#ofEmbeddings weights by their norms}, row i of the first set
 * weighs offset + factor·w_i times its own weight. Ignored rows are part of the statistics, too.
 *
 * @param quality makes w on the loss's backend, whichever its own is
 * @param training whether the batch changes the statistics; without it they must hold something
 * @param offset from 0 to 1e9
 * @param factor from 0 to 1e9
 */
public record QualityWeighting(
    QualityWeights quality, boolean training, double offset, double factor) {

  /** Checks the values. */
  public QualityWeighting {
    Arguments.given("quality", quality);
    Arguments.range("offset", offset, 0, Math.nextUp(1e9));
    Arguments.range("factor", factor, 0, Math.nextUp(1e9));
  }

  /** Requires two sides with as many rows. */
  static void check(List<RowSet> rowSets) {
    if (rowSets.size() < 2) {
      throw new TensorException("rowSets: expected a student's and a teacher's, found one");
    }
    Arguments.sameRows(
        "rowSets[1].embeddings",
        rowSets.get(1).embeddings(),
        "rowSets[0].embeddings",
        rowSets.get(0).embeddings());
  }

  /** w [B] of A, composed of LibTorch operations. */
  Tensor composed(List<RowSet> rowSets) {
    return QualityWeightsReference.ofEmbeddings(
        quality.options(),
        rowSets.get(0).embeddings(),
        rowSets.get(1).embeddings(),
        training,
        quality.statistics());
  }

  /** The row sets with the weights of the first. */
  List<RowSet> weigh(List<RowSet> rowSets, Tensor w) {
    RowSet first = rowSets.get(0);
    Tensor weights = w.mul(new Scalar(factor)).add(new Scalar(offset));
    Tensor own = first.weightsOrNull();
    List<RowSet> weighed = new ArrayList<>(rowSets);
    weighed.set(
        0,
        new RowSet(
            first.embeddings(),
            first.labels(),
            own == null ? weights : weights.mul(own),
            first.gradScale()));
    return weighed;
  }
}
