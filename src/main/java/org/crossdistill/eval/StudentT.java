package org.crossdistill.eval;

/**
 * Student's t distribution with a whole number of degrees of freedom, where its distribution
 * function is a finite sum (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and
 * 26.7.4).
 */
final class StudentT {
  private StudentT() {}

  /**
   * The t with P(|T| ≤ t) = {@code confidence}: the half-width of a two-sided confidence interval
   * in standard errors. Accurate to about 1e-13 (relative).
   *
   * @param confidence 0 &lt; confidence &lt; 1
   * @param degreesOfFreedom at least 1
   */
  static double twoSidedQuantile(double confidence, int degreesOfFreedom) {
    // Bisection over the angle θ = atan(t/√ν), which has finite ends.
    double low = 0;
    double high = Math.PI / 2;
    for (double middle = high / 2; low < middle && middle < high; middle = (low + high) / 2) {
      if (probabilityWithin(middle, degreesOfFreedom) < confidence) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return Math.sqrt(degreesOfFreedom) * Math.tan(high);
  }

  /** P(|T| ≤ √ν·tan θ). */
  private static double probabilityWithin(double theta, int degreesOfFreedom) {
    double sin = Math.sin(theta);
    double cos = Math.cos(theta);
    boolean odd = degreesOfFreedom % 2 == 1;
    double term = odd ? cos : 1;
    double sum = degreesOfFreedom == 1 ? 0 : term;
    for (int k = odd ? 3 : 2; k < degreesOfFreedom; k += 2) {
      term *= cos * cos * (k - 1) / k;
      sum += term;
    }
    return odd ? 2 / Math.PI * (theta + sin * sum) : sin * sum;
  }
}
