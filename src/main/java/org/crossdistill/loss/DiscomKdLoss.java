package org.crossdistill.loss;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
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
 * <p>The modality m is class 1 for the first and class 0 for the second. The logits come from the
 * caller, who also reverses the gradient; see {@link GradientReversal}. The signed L_perp is the
 * kernel's cosine distance, 1 − cos, values and gradients in one pass; all else is composed of
 * LibTorch's operators. Thread-safe.
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
      Tensor domainIrrelevant) {

    /** What the heads say, in the order of the parameters. */
    public List<Tensor> logits() {
      return List.of(
          task,
          auxiliaryInvariant,
          auxiliaryInformative,
          adversarial,
          domainInformative,
          domainIrrelevant);
    }
  }

  private static final SoftMarginFeatureLoss.Options COSINE_DISTANCE =
      new SoftMarginFeatureLoss.Options(Distance.COSINE, 0, Reduction.MEAN);

  private final Options options;
  private final SoftMarginFeatureLoss distance;

  /**
   * On the best backend for the tensors that come.
   *
   * @throws TensorException if the options are null
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public DiscomKdLoss(Options options) {
    this.options = Arguments.given("options", options);
    this.distance = new SoftMarginFeatureLoss(COSINE_DISTANCE);
  }

  /**
   * The same on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public DiscomKdLoss(Options options, Backend backend) {
    this.options = Arguments.given("options", options);
    this.distance = new SoftMarginFeatureLoss(COSINE_DISTANCE, backend);
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
      Labels y = labels(one, two);
      Map<Term, Tensor> terms = new EnumMap<>(Term.class);
      terms.put(Term.CL, results.keep(y.mean(y.losses(rows(one.task, two.task)))));
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
    Arguments.same(
        "informative-" + modality, rows.informative, "invariant-" + modality, rows.invariant);
    Arguments.same(
        "irrelevant-" + modality, rows.irrelevant, "invariant-" + modality, rows.invariant);
  }

  /** Rows of both modalities [N] that have a label, and their labels. */
  private record Labels(Tensor labels, Tensor counted, boolean all) {

    /** Cross-entropies of logits [N, K] of all rows. */
    Tensor losses(Tensor logits) {
      Tensor some = all ? logits : logits.index_select(0, counted);
      return Softmaxes.crossEntropy(some, labels);
    }

    /** Σ / number of rows that have a label; 0 without such rows. */
    Tensor mean(Tensor losses) {
      return losses.sum().div(new Scalar((double) Math.max(1, counted.size(0))));
    }
  }

  private static Labels labels(Modality one, Modality two) {
    Tensor y = rows(one.labels, two.labels);
    Tensor counted = Composition.countedRows(y, one.task.size(1));
    boolean all = counted.size(0) == y.size(0);
    return new Labels(all ? y : y.index_select(0, counted), counted, all);
  }

  private static Tensor auxiliary(Modality one, Modality two, Labels y) {
    Tensor invariant = y.losses(rows(one.auxiliaryInvariant, two.auxiliaryInvariant));
    Tensor informative = y.losses(rows(one.auxiliaryInformative, two.auxiliaryInformative));
    return y.mean(invariant.add(informative));
  }

  private Tensor modalities(Modality one, Modality two) {
    return domains(
        rows(one.domainInformative, one.domainIrrelevant),
        rows(two.domainInformative, two.domainIrrelevant));
  }

  private Tensor perpendicular(Modality one, Modality two) {
    Tensor informative = rows(one.informative, two.informative);
    Tensor irrelevant = rows(one.irrelevant, two.irrelevant);
    Tensor invariant = rows(one.invariant, two.invariant);
    if (options.perp == Perp.COSINE) {
      return cosine(informative, irrelevant).add(cosine(informative, invariant));
    }
    Tensor unit = Composition.normalized(informative);
    return overlap(unit, irrelevant).add(overlap(unit, invariant));
  }

  private Tensor cosine(Tensor rows, Tensor others) {
    return distance.apply(rows, others, null).neg().add(new Scalar(1.0));
  }

  private Tensor overlap(Tensor unit, Tensor others) {
    Tensor cosines = Composition.sumOfColumns(unit.mul(Composition.normalized(others)));
    return (options.perp == Perp.ABSOLUTE ? cosines.abs() : cosines.square()).mean();
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
