package org.crossdistill.loss;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.DiscomKdTerms.Part;
import org.crossdistill.loss.DiscomKdTerms.Rows;
import org.crossdistill.loss.MarginClassifierLoss.Kind;
import org.crossdistill.loss.SoftMarginFeatureLoss.Distance;

/**
 * The five terms of DisCoM-KD (Ienco and Dantas, BMVC 2024, <a
 * href="https://arxiv.org/abs/2408.07080">arXiv:2408.07080</a>): features of two modalities are
 * taken apart into domain-invariant, domain-informative and domain-irrelevant ones.
 *
 * <pre>
 * L_CL   = mean CE(task_m([inv; inf]), y)                 over the rows of both modalities
 * L_AUX  = mean CE(auxiliary(inv), y) + mean CE(auxiliary(inf), y)
 * L_ADV  = mean CE(adversarial(reverse(inv)), m)
 * L_MOD  = mean CE over domain_informative(inf) and domain_irrelevant(irr), against m
 * L_perp = mean c(inf, irr) + mean c(inf, inv)            c = cos, |cos| or cos²
 * </pre>
 *
 * <p>The modality m is class 1 for the first and class 0 for the second. reverse is the identity,
 * whose gradient is multiplied by −λ. All but the unsigned L_perp runs on two kernels: a head and
 * its cross-entropy are the classifier loss of kind {@code softmax}, the signed L_perp is the
 * feature loss's cosine distance, 1 − cos. Thread-safe.
 */
public final class DiscomKdLoss {

  private static final MarginClassifierLoss.Options CROSS_ENTROPY =
      new MarginClassifierLoss.Options(Kind.SOFTMAX, 1, 0, false, Reduction.SUM);

  private static final SoftMarginFeatureLoss.Options COSINE_DISTANCE =
      new SoftMarginFeatureLoss.Options(Distance.COSINE, 0, Reduction.SUM);

  /** What the domain classifiers are trained to say. */
  public enum DomainTarget {
    /** The modality: cross-entropy, as in the paper. */
    CLASS_INDEX,
    /**
     * What the authors' code computes: soft targets of ones for the first modality, −(log p_0 + log
     * p_1), and of zeros for the second, exactly 0. To compare with published runs.
     */
    OFFICIAL_CODE
  }

  /** c in L_perp. */
  public enum Perp {
    /** Signed, as published. */
    COSINE,
    ABSOLUTE,
    /** For features that may be negative. */
    SQUARED
  }

  /** The terms, in the order of the equations. */
  public enum Term {
    CL,
    AUX,
    ADV,
    MOD,
    PERP
  }

  /**
   * How the loss is computed.
   *
   * @param domainTarget of L_ADV and L_MOD
   * @param perp of L_perp
   */
  public record Options(DomainTarget domainTarget, Perp perp) {

    /** Checks the values. */
    public Options {
      Arguments.given("domainTarget", domainTarget);
      Arguments.given("perp", perp);
    }

    /** {@code class-index} and {@code cosine}. */
    public static Options defaults() {
      return new Options(DomainTarget.CLASS_INDEX, Perp.COSINE);
    }
  }

  /**
   * Features of B rows of one modality, in f64 or f32.
   *
   * @param labels y [B], int64, in [0, K), or −100
   * @param invariant inv [B, D]
   * @param informative inf [B, D]
   * @param irrelevant irr [B, D]
   * @param joint [inv; inf] [B, 2·D]
   */
  public record Modality(
      Tensor labels, Tensor invariant, Tensor informative, Tensor irrelevant, Tensor joint) {

    private void check(String modality) {
      String name = "invariant-" + modality;
      Arguments.embeddings(name, invariant);
      Arguments.rows(name, invariant, 1);
      long rows = invariant.size(0);
      Arguments.same("informative-" + modality, informative, name, invariant);
      Arguments.same("irrelevant-" + modality, irrelevant, name, invariant);
      Arguments.matrix("joint-" + modality, joint, rows, 2 * invariant.size(1), invariant);
      Arguments.vector("labels-" + modality, labels, ScalarType.Long, rows, invariant);
    }
  }

  /**
   * A linear layer x·Wᵀ + b.
   *
   * @param weight W [K, D]
   * @param biasOrNull b [K]
   */
  public record Head(Tensor weight, Tensor biasOrNull) {}

  /**
   * The heads.
   *
   * @param task1 the first modality's classifier, W [K, 2·D]
   * @param task2 the second's
   * @param auxiliary W [K, D]
   * @param adversarial W [2, D]
   * @param domainInformative W [2, D]
   * @param domainIrrelevant W [2, D]
   */
  public record Heads(
      Head task1,
      Head task2,
      Head auxiliary,
      Head adversarial,
      Head domainInformative,
      Head domainIrrelevant) {

    private void check(Tensor features) {
      long dim = features.size(1);
      Tensor first = Arguments.given("task1", task1).weight;
      Arguments.embeddings("task1", first);
      check("task1", task1, first.size(0), 2 * dim, features);
      check("task2", task2, first.size(0), 2 * dim, features);
      check("auxiliary", auxiliary, first.size(0), dim, features);
      check("adversarial", adversarial, 2, dim, features);
      check("domainInformative", domainInformative, 2, dim, features);
      check("domainIrrelevant", domainIrrelevant, 2, dim, features);
    }

    private static void check(String name, Head head, long rows, long columns, Tensor like) {
      Arguments.matrix(name, Arguments.given(name, head).weight, rows, columns, like);
    }
  }

  /**
   * A part of the gradient by one of the tensors that came in; a tensor may have several.
   *
   * @param tensor by which it is
   * @param value of the tensor's shape and type
   */
  public record Gradient(Tensor tensor, Tensor value) {}

  /**
   * Values and gradients.
   *
   * @param terms unweighted, [] each
   * @param gradients of the weighted sum of the terms
   */
  public record Result(Map<Term, Tensor> terms, List<Gradient> gradients) {}

  private final Options options;
  private final MarginClassifierLoss crossEntropy;
  private final SoftMarginFeatureLoss distance;

  /**
   * On the best backend for the tensors that come.
   *
   * @throws TensorException if the options are null
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public DiscomKdLoss(Options options) {
    this.options = Arguments.given("options", options);
    this.crossEntropy = new MarginClassifierLoss(CROSS_ENTROPY);
    this.distance = new SoftMarginFeatureLoss(COSINE_DISTANCE);
  }

  /**
   * The same on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public DiscomKdLoss(Options options, Backend backend) {
    this.options = Arguments.given("options", options);
    this.crossEntropy = new MarginClassifierLoss(CROSS_ENTROPY, backend);
    this.distance = new SoftMarginFeatureLoss(COSINE_DISTANCE, backend);
  }

  /**
   * Computes values and gradients without touching autograd.
   *
   * @param reversal λ, finite
   * @param weights of the terms in the gradients; a term of weight 0 has none
   * @throws TensorException naming the argument that is wrong
   */
  public Result forward(
      Modality one, Modality two, Heads heads, double reversal, ToDoubleFunction<Term> weights) {
    Arguments.given("one", one).check("1");
    Arguments.given("two", two).check("2");
    Arguments.sameColumns("invariant-2", two.invariant, "invariant-1", one.invariant);
    Arguments.given("heads", heads).check(one.invariant);
    Arguments.finite("reversal", reversal);
    Arguments.given("weights", weights);
    try (Results results = new Results()) {
      DiscomKdTerms terms = new DiscomKdTerms(crossEntropy, distance, weights);
      long rows = one.labels.size(0) + two.labels.size(0);
      classes(terms, one, two, heads);
      terms.mean(
          Term.ADV,
          rows,
          List.of(domains(heads.adversarial, one.invariant, two.invariant, -reversal)));
      terms.mean(
          Term.MOD,
          2 * rows,
          List.of(
              domains(heads.domainInformative, one.informative, two.informative, 1),
              domains(heads.domainIrrelevant, one.irrelevant, two.irrelevant, 1)));
      terms.perpendicular(options.perp, rows, List.of(one, two));
      return terms.result(results);
    }
  }

  /** L_CL and L_AUX. */
  private static void classes(DiscomKdTerms terms, Modality one, Modality two, Heads heads) {
    long labelled = DiscomKdTerms.labelled(one) + DiscomKdTerms.labelled(two);
    terms.mean(
        Term.CL,
        labelled,
        List.of(
            new Part(heads.task1, List.of(Rows.of(one.joint, one.labels))),
            new Part(heads.task2, List.of(Rows.of(two.joint, two.labels)))));
    List<Rows> both =
        List.of(
            Rows.of(one.invariant, one.labels),
            Rows.of(two.invariant, two.labels),
            Rows.of(one.informative, one.labels),
            Rows.of(two.informative, two.labels));
    terms.mean(Term.AUX, labelled, List.of(new Part(heads.auxiliary, both)));
  }

  /** What a head shall say of both modalities' rows. */
  private Part domains(Head head, Tensor one, Tensor two, double factor) {
    Rows first = Rows.ofClass(one, 1, factor);
    return switch (options.domainTarget) {
      case CLASS_INDEX -> new Part(head, List.of(first, Rows.ofClass(two, 0, factor)));
      case OFFICIAL_CODE -> new Part(head, List.of(first, Rows.ofClass(one, 0, factor)));
    };
  }

  /**
   * The sum of the terms as a node of an autograd graph: differentiable with respect to every
   * argument that requires a gradient, once. Arguments as for {@link #forward}.
   *
   * @return []
   */
  public Tensor apply(Modality one, Modality two, Heads heads, double reversal) {
    Result result = forward(one, two, heads, reversal, term -> 1);
    KnownGradients known = new KnownGradients();
    result.gradients.forEach(gradient -> known.add(gradient.tensor, gradient.value));
    try (Results results = new Results()) {
      Tensor total = result.terms.values().stream().reduce(Tensor::add).orElseThrow();
      return results.keep(known.node(total));
    }
  }
}
