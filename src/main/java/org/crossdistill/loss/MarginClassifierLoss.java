package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Labelled;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Margin classifier: embeddings against the rows of one classifier matrix, with a margin on the
 * target's logit and a weight for each row. Several row sets, such as those of a student and of its
 * teacher, can share the classifier in one call. Per row l_i = logsumexp_j(logit_ij) − logit_iy;
 * the loss of a set is Σ w_i·l_i / n with n by the {@link Reduction}, counting only rows whose
 * label is not {@link #IGNORE_LABEL}; an ignored row has loss 0 and gradient 0, whatever it holds.
 *
 * <p>Additive angular margin: Deng et al., 2019, <a
 * href="https://arxiv.org/abs/1801.07698">arXiv:1801.07698</a>. Additive margin: Wang et al., 2018,
 * <a href="https://arxiv.org/abs/1801.05599">arXiv:1801.05599</a>. On a native backend no B×C array
 * is ever made.
 *
 * <p>Letters: B rows, C classes, D embedding size; A is f64 for f64 embeddings, otherwise f32.
 * Inputs may have any strides and may require gradients; they are never changed. Results belong to
 * the caller's innermost {@code PointerScope}. Immutable and thread-safe.
 */
public final class MarginClassifierLoss {

  /** Label of a row that counts for nothing. */
  public static final int IGNORE_LABEL = Crossdistill.CD_IGNORE_LABEL;

  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  private final Options options;
  private final Backend backendOrNull;

  /** The logits. With cos_ij = ẑ_i·v̂_j all but the target's are scale·cos_ij, or z_i·V_j. */
  public enum Kind implements Labelled {
    /**
     * Target scale·cos(θ + margin); where cos θ ≤ cos(π − margin) scale·(cos θ − margin·sin(π −
     * margin)).
     */
    AAM("aam", Crossdistill.CD_CLASSIFIER_AAM, Math.PI),
    /** Target scale·(cos θ − margin). */
    AM("am", Crossdistill.CD_CLASSIFIER_AM, Math.nextUp(2.0)),
    /** Target scale·cos θ. */
    NORMALIZED("normalized", Crossdistill.CD_CLASSIFIER_NORMALIZED, Double.POSITIVE_INFINITY),
    /** z·V_j + bias_j, without scale and margin. */
    SOFTMAX("softmax", Crossdistill.CD_CLASSIFIER_SOFTMAX, Double.POSITIVE_INFINITY);

    private final String label;
    private final int code;
    private final double marginLimit;

    Kind(String label, int code, double marginLimit) {
      this.label = label;
      this.code = code;
      this.marginLimit = marginLimit;
    }

    @Override
    public String label() {
      return label;
    }

    /** The number that stands for it in the C interface. */
    public int code() {
      return code;
    }

    boolean hasMargin() {
      return this == AAM || this == AM;
    }
  }

  /**
   * How the loss is computed.
   *
   * @param kind of the logits
   * @param scale of the cosines, finite and positive; not used by {@code softmax}
   * @param margin finite, at least 0; below π for {@code aam}, at most 2 for {@code am}; not used
   *     by the others
   * @param easyMargin for {@code aam}: the margin only where cos θ &gt; 0, otherwise scale·cos θ
   * @param reduction of the rows' losses
   */
  public record Options(
      Kind kind, double scale, double margin, boolean easyMargin, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.given("kind", kind);
      Arguments.given("reduction", reduction);
      if (kind != Kind.SOFTMAX) {
        Arguments.positive("scale", scale);
      }
      if (kind.hasMargin()) {
        Arguments.range("margin", margin, 0, kind.marginLimit);
      }
    }

    /** Kind {@code aam}, scale 32, margin 0.2, no easy margin, reduction {@code mean}. */
    public static Options defaults() {
      return new Options(Kind.AAM, 32, 0.2, false, Reduction.MEAN);
    }
  }

  /**
   * Rows that are classified together.
   *
   * @param embeddings [B, D] of the classifier's type and device
   * @param labels [B] of int64: 0 to C − 1, or {@link #IGNORE_LABEL}
   * @param weightsOrNull [B] of A, finite and not negative; null for ones
   * @param gradScale factor of this set's gradients, finite; leaves the loss as it is
   */
  public record RowSet(Tensor embeddings, Tensor labels, Tensor weightsOrNull, double gradScale) {

    /** Rows of weight 1 whose gradients are not scaled. */
    public static RowSet of(Tensor embeddings, Tensor labels) {
      return new RowSet(embeddings, labels, null, 1);
    }
  }

  /** What a call computes beside the losses. */
  public enum Output {
    ROWS,
    HITS,
    GRAD_EMBEDDINGS,
    GRAD_WEIGHTS,
    GRAD_CLASSIFIER,
    GRAD_BIAS
  }

  /**
   * Value and gradients of one row set; null where not asked for.
   *
   * @param loss [] of A
   * @param rows l_i, unweighted: [B] of A
   * @param hits whether the arg-max without margin is the label: [B] of booleans
   * @param gradEmbeddings [B, D] of the embeddings' type
   * @param gradWeights [B] of A
   */
  public record SetResult(
      Tensor loss, Tensor rows, Tensor hits, Tensor gradEmbeddings, Tensor gradWeights) {}

  /**
   * Values and gradients of all row sets; null where not asked for.
   *
   * @param sets in the order of the arguments
   * @param gradClassifier of Σ gradScale·loss over the sets: [C, D] of the classifier's type
   * @param gradBias likewise: [C]
   * @param qualityWeights w of a {@link QualityWeighting}: [B] of A; null without one
   */
  public record Result(
      List<SetResult> sets, Tensor gradClassifier, Tensor gradBias, Tensor qualityWeights) {

    /** Copies the list. */
    public Result {
      sets = List.copyOf(sets);
    }

    /** Loss of the first set. */
    public Tensor loss() {
      return sets.get(0).loss();
    }

    /** Row losses of the first set. */
    public Tensor rows() {
      return sets.get(0).rows();
    }

    /** Hits of the first set. */
    public Tensor hits() {
      return sets.get(0).hits();
    }

    /** Gradient of the first set's embeddings. */
    public Tensor gradEmbeddings() {
      return sets.get(0).gradEmbeddings();
    }
  }

  /**
   * A loss on the backend that is active here (see {@link org.crossdistill.kernel.Backends}).
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public MarginClassifierLoss(Options options) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.automatic();
  }

  /**
   * A loss on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public MarginClassifierLoss(Options options, Backend backend) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.required(backend);
  }

  /** The options it was made with. */
  public Options options() {
    return options;
  }

  /** One set of rows of weight 1, without a bias: the loss and everything else. */
  public Result forward(Tensor classifier, Tensor embeddings, Tensor labels) {
    return forward(classifier, null, List.of(RowSet.of(embeddings, labels)), ALL);
  }

  /** Several row sets, without a bias: the losses and everything else. */
  public Result forward(Tensor classifier, List<RowSet> rowSets) {
    return forward(classifier, null, rowSets, ALL);
  }

  /**
   * Computes values and gradients without touching autograd: pass a gradient on with {@code
   * embeddings.backward(gradEmbeddings, …)}.
   *
   * @param classifier V [C, D] in f64, f32, bf16 or f16, C at least 1
   * @param biasOrNull [C] of the classifier's type, only with kind {@code softmax}
   * @param rowSets at least one
   * @param outputs what to compute beside the losses
   * @throws TensorException naming the argument that is wrong; nothing has been computed then
   */
  public Result forward(
      Tensor classifier, Tensor biasOrNull, List<RowSet> rowSets, Set<Output> outputs) {
    return forward(classifier, biasOrNull, rowSets, null, outputs);
  }

  /**
   * The same, where the first row set's rows weigh by quality, with the norms that a native backend
   * has from its first pass over the rows. Bad values do what {@link QualityWeights#forward} says.
   *
   * @param rowSets at least two, the first two with as many rows
   * @param weightingOrNull null: rows weigh what their set says
   */
  public Result forward(
      Tensor classifier,
      Tensor biasOrNull,
      List<RowSet> rowSets,
      QualityWeighting weightingOrNull,
      Set<Output> outputs) {
    DType dtype = MarginClassifierArguments.check(options.kind, classifier, biasOrNull, rowSets);
    Arguments.given("outputs", outputs);
    Backend backend = Placement.backend(backendOrNull, "classifier", classifier);
    if (weightingOrNull != null) {
      QualityWeighting.check(rowSets);
      weightingOrNull.quality().prepare(backend, classifier, weightingOrNull.training());
    }
    return backend == Backend.REFERENCE
        ? MarginClassifierReference.forward(
            options, classifier, biasOrNull, rowSets, weightingOrNull, outputs)
        : new MarginClassifierKernel(options, dtype, outputs)
            .forward(classifier, biasOrNull, rowSets, weightingOrNull);
  }

  /**
   * The sum of gradScale·loss over the row sets as a node of an autograd graph: differentiable with
   * respect to every argument that requires a gradient, once (a derivative of its derivative is not
   * available). Arguments as for {@link #forward(Tensor, Tensor, List, Set)}.
   *
   * @return the sum, [] of A
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor apply(Tensor classifier, Tensor biasOrNull, List<RowSet> rowSets) {
    MarginClassifierArguments.given(rowSets);
    EnumSet<Output> outputs = EnumSet.noneOf(Output.class);
    KnownGradients.askFor(outputs, Output.GRAD_CLASSIFIER, classifier);
    KnownGradients.askFor(outputs, Output.GRAD_BIAS, biasOrNull);
    for (RowSet set : rowSets) {
      KnownGradients.askFor(outputs, Output.GRAD_EMBEDDINGS, set.embeddings);
      KnownGradients.askFor(outputs, Output.GRAD_WEIGHTS, set.weightsOrNull);
    }
    Result result = forward(classifier, biasOrNull, rowSets, outputs);
    KnownGradients gradients =
        new KnownGradients()
            .add(classifier, result.gradClassifier)
            .add(biasOrNull, result.gradBias);
    for (int i = 0; i < rowSets.size(); i++) {
      gradients.add(rowSets.get(i).embeddings, result.sets.get(i).gradEmbeddings);
      gradients.add(rowSets.get(i).weightsOrNull, result.sets.get(i).gradWeights);
    }
    return gradients.node(total(rowSets, result.sets));
  }

  private static Tensor total(List<RowSet> rowSets, List<SetResult> sets) {
    try (Results results = new Results()) {
      Tensor total = null;
      for (int i = 0; i < sets.size(); i++) {
        Tensor scaled = sets.get(i).loss.mul(new Scalar(rowSets.get(i).gradScale));
        total = total == null ? scaled : total.add(scaled);
      }
      return results.keep(total);
    }
  }
}
