package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.DiscomKdLoss.Gradient;
import org.crossdistill.loss.DiscomKdLoss.Head;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.DiscomKdLoss.Perp;
import org.crossdistill.loss.DiscomKdLoss.Term;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;

/** The terms of one call of {@link DiscomKdLoss}, and their gradients, as they are computed. */
final class DiscomKdTerms {

  private static final Set<SoftMarginFeatureLoss.Output> BOTH_SIDES =
      EnumSet.of(
          SoftMarginFeatureLoss.Output.GRAD_STUDENT, SoftMarginFeatureLoss.Output.GRAD_TEACHER);

  private final MarginClassifierLoss crossEntropy;
  private final SoftMarginFeatureLoss distance;
  private final ToDoubleFunction<Term> weights;
  private final Map<Term, Tensor> values = new EnumMap<>(Term.class);
  private final List<Gradient> gradients = new ArrayList<>();

  /**
   * @param crossEntropy kind softmax, summed over rows
   * @param distance cosine, summed over rows
   */
  DiscomKdTerms(
      MarginClassifierLoss crossEntropy,
      SoftMarginFeatureLoss distance,
      ToDoubleFunction<Term> weights) {
    this.crossEntropy = crossEntropy;
    this.distance = distance;
    this.weights = weights;
  }

  /**
   * Rows with the classes that a head shall give them.
   *
   * @param features [B, D]
   * @param labels [B], int64
   * @param factor of the gradient by the features, but not by the head
   */
  record Rows(Tensor features, Tensor labels, double factor) {

    static Rows of(Tensor features, Tensor labels) {
      return new Rows(features, labels, 1);
    }

    static Rows ofClass(Tensor features, int label, double factor) {
      Tensor labels = features.new_full(new long[] {features.size(0)}, new Scalar(label));
      return new Rows(features, labels.to(torch.ScalarType.Long), factor);
    }
  }

  /** A head with the rows that it looks at. */
  record Part(Head head, List<Rows> rows) {}

  /** Rows that have a label. */
  static long labelled(Modality modality) {
    Scalar ignored = new Scalar(MarginClassifierLoss.IGNORE_LABEL);
    return modality.labels().ne(ignored).sum().item_long();
  }

  /** A term that is the sum of cross-entropies divided by a number of rows. */
  void mean(Term term, long rows, List<Part> parts) {
    double share = 1.0 / Math.max(1, rows);
    double gradScale = weights.applyAsDouble(term) * share;
    Tensor total =
        parts.stream().map(part -> sum(part, gradScale)).reduce(Tensor::add).orElseThrow();
    values.put(term, total.mul(new Scalar(share)));
  }

  private Tensor sum(Part part, double gradScale) {
    Head head = part.head;
    List<RowSet> sets =
        part.rows.stream()
            .map(rows -> new RowSet(rows.features, rows.labels, null, gradScale))
            .toList();
    var result =
        crossEntropy.forward(head.weight(), head.biasOrNull(), sets, outputs(head, gradScale));
    if (gradScale != 0) {
      add(head.weight(), result.gradClassifier());
      add(head.biasOrNull(), result.gradBias());
      for (int i = 0; i < sets.size(); i++) {
        Tensor gradient = result.sets().get(i).gradEmbeddings();
        double factor = part.rows.get(i).factor;
        add(sets.get(i).embeddings(), factor == 1 ? gradient : gradient.mul(new Scalar(factor)));
      }
    }
    return result.sets().stream()
        .map(MarginClassifierLoss.SetResult::loss)
        .reduce(Tensor::add)
        .orElseThrow();
  }

  private static Set<MarginClassifierLoss.Output> outputs(Head head, double gradScale) {
    Set<MarginClassifierLoss.Output> outputs = EnumSet.noneOf(MarginClassifierLoss.Output.class);
    if (gradScale != 0) {
      outputs.add(MarginClassifierLoss.Output.GRAD_EMBEDDINGS);
      outputs.add(MarginClassifierLoss.Output.GRAD_CLASSIFIER);
      if (head.biasOrNull() != null) {
        outputs.add(MarginClassifierLoss.Output.GRAD_BIAS);
      }
    }
    return outputs;
  }

  private void add(Tensor tensorOrNull, Tensor gradient) {
    if (tensorOrNull != null) {
      gradients.add(new Gradient(tensorOrNull, gradient));
    }
  }

  /** L_perp, the means of c(inf, irr) and c(inf, inv) over all rows. */
  void perpendicular(Perp perp, long rows, List<Modality> modalities) {
    double gradScale = weights.applyAsDouble(Term.PERP) / rows;
    Tensor total = null;
    for (Modality modality : modalities) {
      for (Tensor other : List.of(modality.irrelevant(), modality.invariant())) {
        Tensor sum =
            perp == Perp.COSINE
                ? cosines(modality.informative(), other, gradScale)
                : composed(perp, modality.informative(), other, gradScale);
        total = total == null ? sum : total.add(sum);
      }
    }
    values.put(Term.PERP, total.div(new Scalar((double) rows)));
  }

  /** Σ cos = B − Σ (1 − cos). */
  private Tensor cosines(Tensor informative, Tensor other, double gradScale) {
    var result =
        distance.forward(
            informative, other, null, -gradScale, gradScale == 0 ? Set.of() : BOTH_SIDES);
    if (gradScale != 0) {
      add(informative, result.gradStudent());
      add(other, result.gradTeacher());
    }
    return result.loss().neg().add(new Scalar((double) informative.size(0)));
  }

  /** Σ |cos| or Σ cos². */
  private Tensor composed(Perp perp, Tensor informative, Tensor other, double gradScale) {
    try (InferenceMode left = new InferenceMode(false)) {
      Tensor a = Composition.leaf(informative, informative.scalar_type(), true);
      Tensor b = Composition.leaf(other, other.scalar_type(), true);
      Tensor products = Composition.normalized(a).mul(Composition.normalized(b));
      Tensor cosines = Composition.sumOfColumns(products);
      Tensor sum = (perp == Perp.ABSOLUTE ? cosines.abs() : cosines.square()).sum();
      if (gradScale != 0) {
        Tensor[] both = Composition.gradients(sum, gradScale, a, b);
        add(informative, both[0]);
        add(other, both[1]);
      }
      return sum.detach();
    }
  }

  DiscomKdLoss.Result result(Results results) {
    values.values().forEach(results::keep);
    gradients.forEach(gradient -> results.keep(gradient.value()));
    return new DiscomKdLoss.Result(values, List.copyOf(gradients));
  }
}
