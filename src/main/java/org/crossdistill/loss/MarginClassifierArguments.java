package org.crossdistill.loss;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;
import org.crossdistill.loss.MarginClassifierLoss.Kind;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;

/** Checks of the arguments of {@link MarginClassifierLoss}. */
final class MarginClassifierArguments {

  private MarginClassifierArguments() {}

  /** Checks everything but the values of labels and weights; gives the element type. */
  static DType check(Kind kind, Tensor classifier, Tensor biasOrNull, List<RowSet> rowSets) {
    DType dtype = Arguments.embeddings("classifier", classifier);
    if (classifier.size(0) < 1) {
      throw new TensorException("classifier: expected at least one class, found none");
    }
    if (biasOrNull != null && kind != Kind.SOFTMAX) {
      throw new TensorException("bias: expected none with kind " + kind.label() + ", found one");
    }
    Arguments.vectorOrNull(
        "bias", biasOrNull, DTypes.scalarType(dtype), classifier.size(0), classifier);
    given(rowSets);
    if (rowSets.isEmpty()) {
      throw new TensorException("rowSets: expected at least one, found none");
    }
    for (int i = 0; i < rowSets.size(); i++) {
      check("rowSets[" + i + "].", rowSets.get(i), dtype, classifier);
    }
    return dtype;
  }

  /** Requires a list without null. */
  static void given(List<RowSet> rowSets) {
    Arguments.given("rowSets", rowSets);
    for (int i = 0; i < rowSets.size(); i++) {
      Arguments.given("rowSets[" + i + "]", rowSets.get(i));
    }
  }

  private static void check(String prefix, RowSet set, DType dtype, Tensor classifier) {
    Tensor embeddings = set.embeddings();
    Arguments.sameColumns(prefix + "embeddings", embeddings, "classifier", classifier);
    long rows = embeddings.size(0);
    Arguments.vector(prefix + "labels", set.labels(), ScalarType.Long, rows, embeddings);
    ScalarType accumulation = DTypes.scalarType(dtype.accumulation());
    Arguments.vectorOrNull(prefix + "weights", set.weightsOrNull(), accumulation, rows, embeddings);
    Arguments.finite(prefix + "gradScale", set.gradScale());
  }
}
