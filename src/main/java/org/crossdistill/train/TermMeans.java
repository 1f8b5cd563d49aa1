package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** Sums an epoch's terms where they lie, and reads them once: no synchronisation in a step. */
final class TermMeans {

  private final Map<String, Tensor> sums = new LinkedHashMap<>();
  private int steps;

  void add(Map<String, Tensor> terms) {
    steps++;
    terms.forEach(
        (name, value) -> sums.computeIfAbsent(name, TermMeans::zero).add_(value.detach()));
  }

  private static Tensor zero(String name) {
    Tensor zero = Tensor.create(new double[1]).squeeze();
    zero.retainReference();
    return zero;
  }

  /**
   * The means.
   *
   * @throws DivergenceException if one is not finite
   */
  Map<String, Double> read(int epoch) {
    Map<String, Double> means = new LinkedHashMap<>();
    sums.forEach(
        (name, sum) -> {
          double mean = sum.item_double() / steps;
          sum.releaseReference();
          if (!Double.isFinite(mean)) {
            throw new DivergenceException(
                "training diverged in epoch " + epoch + ": the loss term " + name + " is " + mean);
          }
          means.put(name, mean);
        });
    return means;
  }
}
