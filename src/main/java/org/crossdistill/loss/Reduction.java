package org.crossdistill.loss;

import org.crossdistill.kernel.Labelled;
import org.crossdistill.kernel.binding.Crossdistill;

/** How the weighted losses w_i·l_i of the rows become one number. */
public enum Reduction implements Labelled {
  /** Σ w_i·l_i / B, B the rows that count. */
  MEAN("mean", Crossdistill.CD_MEAN),
  /** Σ w_i·l_i / Σ w_i over the rows that count; 0 where Σ w_i = 0. */
  WEIGHTED_MEAN("weighted-mean", Crossdistill.CD_WEIGHTED_MEAN),
  /** Σ w_i·l_i. */
  SUM("sum", Crossdistill.CD_SUM);

  private final String label;
  private final int code;

  Reduction(String label, int code) {
    this.label = label;
    this.code = code;
  }

  /** "mean", "weighted-mean" or "sum". */
  @Override
  public String label() {
    return label;
  }

  /** The number that stands for it in the C interface. */
  public int code() {
    return code;
  }
}
