package org.crossdistill.bench;

import java.util.Arrays;

/** Numbers of one kind from repeated measurements, of which the middle counts. */
public final class Samples {

  private double[] values = new double[16];
  private int count;

  /** Adds a measurement. */
  public void add(double value) {
    if (count == values.length) {
      values = Arrays.copyOf(values, 2 * count);
    }
    values[count++] = value;
  }

  /** How many there are. */
  public int count() {
    return count;
  }

  /** The one that was added last. */
  double last() {
    return values[count - 1];
  }

  /** The middle one. */
  public double median() {
    return quantile(0.5);
  }

  /** (80th − 20th percentile) / median. */
  public double spread() {
    return (quantile(0.8) - quantile(0.2)) / median();
  }

  /** Null where there are none. */
  Double medianOrNull() {
    return count == 0 ? null : (Double) median();
  }

  /** Between two neighbours in proportion. */
  private double quantile(double q) {
    double[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    double at = q * (count - 1);
    int below = (int) at;
    int above = Math.min(below + 1, count - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
