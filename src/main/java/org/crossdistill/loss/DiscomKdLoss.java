package org.crossdistill.loss;

import java.util.EnumMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

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
 * <p>The modality m is class 1 for the first and class 0 for the second. The logits come from the
 * caller, who also reverses the gradient; see {@link GradientReversal}. Thread-safe.
 */
public final class DiscomKdLoss {

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
   * What the networks make of B rows of one modality, in f64 or f32.
   *
   * @param labels y [B], int64, in [0, K)
   * @param invariant inv [B, D]
   * @param informative inf [B, D]
   * @param irrelevant irr [B, D]
   * @param task logits of the modality's own classifier [B, K]
   * @param auxiliaryInvariant logits [B, K]
   * @param auxiliaryInformative logits [B, K]
   * @param adversarial logits [B, 2], of the reversed invariant features
   * @param domainInformative logits [B, 2]
   * @param domainIrrelevant logits [B, 2]
   */
  public record Modality(
      Tensor labels,
      Tensor invariant,
      Tensor informative,
      Tensor irrelevant,
      Tensor task,
      Tensor auxiliaryInvariant,
      Tensor auxiliaryInformative,
      Tensor adversarial,
      Tensor domainInformative,
      Tensor domainIrrelevant) {}

  private final Options options;

  /** The terms come unweighted whatever the options; null is a {@link TensorException}. */
  public DiscomKdLoss(Options options) {
    this.options = Arguments.given("options", options);
  }

  /**
   * The terms, each a part of the graph of the modalities' tensors; L is their sum.
   *
   * @return [] each
   * @throws TensorException naming the argument that is wrong
   */
  public Map<Term, Tensor> terms(Modality one, Modality two) {
    check("1", one);
    check("2", two);
    try (Results results = new Results()) {
      Tensor y = rows(one.labels, two.labels);
      Map<Term, Tensor> terms = new EnumMap<>(Term.class);
      terms.put(Term.CL, results.keep(classes(one.task, two.task, y)));
      terms.put(Term.AUX, results.keep(auxiliary(one, two, y)));
      terms.put(Term.ADV, results.keep(domains(one.adversarial, two.adversarial)));
      terms.put(Term.MOD, results.keep(modalities(one, two)));
      terms.put(Term.PERP, results.keep(perpendicular(one, two)));
      return terms;
    }
  }

  private static void check(String modality, Modality rows) {
    Arguments.embeddings("invariant-" + modality, rows.invariant);
    Arguments.rows("invariant-" + modality, rows.invariant, 1);
    long count = rows.invariant.size(0);
    Arguments.vector("labels-" + modality, rows.labels, ScalarType.Long, count, rows.invariant);
  }

  private static Tensor auxiliary(Modality one, Modality two, Tensor y) {
    return classes(one.auxiliaryInvariant, two.auxiliaryInvariant, y)
        .add(classes(one.auxiliaryInformative, two.auxiliaryInformative, y));
  }

  private Tensor modalities(Modality one, Modality two) {
    return domains(
        rows(one.domainInformative, one.domainIrrelevant),
        rows(two.domainInformative, two.domainIrrelevant));
  }

  private Tensor perpendicular(Modality one, Modality two) {
    Tensor informative = Composition.normalized(rows(one.informative, two.informative));
    return overlap(informative, rows(one.irrelevant, two.irrelevant))
        .add(overlap(informative, rows(one.invariant, two.invariant)));
  }

  private Tensor overlap(Tensor unit, Tensor others) {
    Tensor cosines = Composition.sumOfColumns(unit.mul(Composition.normalized(others)));
    return switch (options.perp) {
      case COSINE -> cosines.mean();
      case ABSOLUTE -> cosines.abs().mean();
      case SQUARED -> cosines.square().mean();
    };
  }

  /** Mean cross-entropy over the rows of both modalities that have a label. */
  private static Tensor classes(Tensor one, Tensor two, Tensor labels) {
    Tensor counted = Composition.countedRows(labels, one.size(1));
    Tensor logits = rows(one, two).index_select(0, counted);
    Tensor losses = Softmaxes.crossEntropy(logits, labels.index_select(0, counted));
    return losses.sum().div(new Scalar((double) Math.max(1, counted.size(0))));
  }

  /** Mean loss of telling the modalities apart, [N1, 2] and [N2, 2]. */
  private Tensor domains(Tensor one, Tensor two) {
    Tensor first = one.log_softmax(1);
    Tensor second = two.log_softmax(1);
    Tensor sum =
        switch (options.domainTarget) {
          case CLASS_INDEX -> first.select(1, 1).sum().add(second.select(1, 0).sum());
          case OFFICIAL_CODE -> first.sum();
        };
    return sum.neg().div(new Scalar((double) one.size(0) + two.size(0)));
  }

  private static Tensor rows(Tensor one, Tensor two) {
    return torch.cat(new TensorVector(one, two), 0);
  }
}
