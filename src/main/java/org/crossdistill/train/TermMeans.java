package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.method.NonFiniteException;

/** Sums an epoch's terms where they lie, and reads them once: no synchronisation in a step. */
final class TermMeans {

  /**
   * One term of the loss, [] each.
   *
   * @param sum over the steps; a value that is not finite stays in it
   * @param finiteSteps how many steps it was finite
   */
  private record Term(Tensor sum, Tensor finiteSteps) {

    static Term create() {
      return new Term(zero(), zero());
    }

    private static Tensor zero() {
      return Tensor.create(new double[1]).squeeze().retainReference();
    }

    void add(Tensor value) {
      sum.add_(value.detach().squeeze());
      finiteSteps.add_(sum.isfinite());
    }

    void release() {
      sum.releaseReference();
      finiteSteps.releaseReference();
    }
  }

  private final Map<String, Term> terms = new LinkedHashMap<>();
  private final int epoch;
  private int steps;

  /**
   * @param epoch counts from 1
   */
  TermMeans(int epoch) {
    this.epoch = epoch;
  }

  void add(Map<String, Tensor> values) {
    steps++;
    values.forEach((name, value) -> terms.computeIfAbsent(name, any -> Term.create()).add(value));
  }

  /**
   * The means. To be called once.
   *
   * @throws DivergenceException if one is not finite
   */
  Map<String, Double> read() {
    check();
    Map<String, Double> means = new LinkedHashMap<>();
    terms.forEach((name, term) -> means.put(name, term.sum.item_double() / steps));
    terms.values().forEach(Term::release);
    return means;
  }

  /** What to say of a step that failed: an earlier step may have been the first that went wrong. */
  DivergenceException diverged(NonFiniteException failure) {
    check();
    return new DivergenceException(at(steps + 1, failure.term()) + ": " + failure.getMessage());
  }

  private void check() {
    String first = null;
    int least = steps;
    for (Map.Entry<String, Term> term : terms.entrySet()) {
      int finite = (int) term.getValue().finiteSteps.item_double();
      if (finite < least) {
        least = finite;
        first = term.getKey();
      }
    }
    if (first != null) {
      double sum = terms.get(first).sum.item_double();
      throw new DivergenceException(at(least + 1, first) + " is " + sum);
    }
  }

  private String at(int step, String term) {
    return "training diverged in epoch " + epoch + ", step " + step + ": the loss term " + term;
  }
}
