package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Linear probes: what a linear map reads out of features, by ridge regression in closed form.
 *
 * <pre>
 * X standardised, y centred, by the samples that the probe learns from
 * W_λ = (XᵀX/N + λ·I)⁻¹·Xᵀy/N
 * </pre>
 *
 * <p>λ is that of a fixed set with the least squared error when each of these samples is left out
 * in turn, Σ (r_i/(1 − h_i))² with residuals r and leverages h. So nothing is chosen by the samples
 * that the probe is tested on, and the same samples give the same bits. Fit several targets on one
 * probe: they share what is costly.
 */
public final class RidgeProbe {

  private static final double[] LAMBDAS = {1e-4, 1e-3, 1e-2, 1e-1, 1};

  /** A column with a smaller standard deviation is constant and tells nothing. */
  private static final double CONSTANT = 1e-9;

  /** (XᵀX/N + λ·I) factorised, and the leverage of each sample. */
  private record Solver(CholeskyFactor factor, double[] leverage) {}

  private final double[] mean;
  private final double[] inverseDeviation;
  private final double[][] x;
  private final List<Solver> solvers = new ArrayList<>();

  /**
   * A probe of features.
   *
   * @param features to learn from, [N][D], N ≥ 2, D ≥ 1, finite
   * @throws EvalException if they are something else
   */
  public RidgeProbe(float[][] features) {
    requireRows("features", features.length, 2);
    int columns = features[0].length;
    requireMatrix("features", features, Math.max(1, columns));
    mean = new double[columns];
    inverseDeviation = new double[columns];
    for (int j = 0; j < columns; j++) {
      standardise(features, j);
    }
    x = standardised(features);
    double[][] covariance = CholeskyFactor.gram(x);
    for (double lambda : LAMBDAS) {
      CholeskyFactor factor = CholeskyFactor.of(covariance, lambda);
      double[] leverage = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        leverage[i] = (1 + factor.inverseNorm(x[i])) / x.length;
      }
      solvers.add(new Solver(factor, leverage));
    }
  }

  private void standardise(float[][] features, int column) {
    double sum = 0;
    for (float[] row : features) {
      sum += row[column];
    }
    mean[column] = sum / features.length;
    double squares = 0;
    for (float[] row : features) {
      squares += (row[column] - mean[column]) * (row[column] - mean[column]);
    }
    double deviation = Math.sqrt(squares / features.length);
    inverseDeviation[column] = deviation < CONSTANT ? 0 : 1 / deviation;
  }

  private double[][] standardised(float[][] features) {
    double[][] rows = new double[features.length][mean.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < mean.length; j++) {
        rows[i][j] = (features[i][j] - mean[j]) * inverseDeviation[j];
      }
    }
    return rows;
  }

  /**
   * The share of the targets' variance that the probe predicts on other samples: R², the mean over
   * the targets. At most 1; 0 for a constant guess; below 0 where the probe is worse than that.
   *
   * @param targets of the samples to learn from, [N][T], T ≥ 1
   * @param testFeatures [M][D], finite
   * @param testTargets [M][T], M ≥ 2, none of them constant
   * @throws EvalException if sizes do not fit, or a number is not finite
   */
  public double r2(float[][] targets, float[][] testFeatures, float[][] testTargets) {
    requireRows("test targets", testTargets.length, 2);
    requireCount("test targets", testTargets.length, testFeatures.length);
    requireMatrix("test targets", testTargets, Math.max(1, columns(targets)));
    double[][] predicted = predict(targets, testFeatures);
    double sum = 0;
    for (int t = 0; t < testTargets[0].length; t++) {
      sum += r2(predicted, testTargets, t);
    }
    return sum / testTargets[0].length;
  }

  private static double r2(double[][] predicted, float[][] targets, int target) {
    if (Arrays.stream(targets).allMatch(row -> row[target] == targets[0][target])) {
      throw new EvalException(
          "probe: expected test targets that differ, found one number in column " + target);
    }
    double mean = 0;
    for (float[] row : targets) {
      mean += row[target] / targets.length;
    }
    double error = 0;
    double variance = 0;
    for (int i = 0; i < targets.length; i++) {
      double y = targets[i][target];
      error += (y - predicted[i][target]) * (y - predicted[i][target]);
      variance += (y - mean) * (y - mean);
    }
    return 1 - error / variance;
  }

  /**
   * The share of other samples whose class has the largest score, where the probe learns 1 for a
   * sample's class and 0 for all others.
   *
   * @param classes of the samples to learn from, [N], 0 … C − 1
   * @param count C
   * @param testFeatures [M][D], M ≥ 1, finite
   * @param testClasses [M], 0 … C − 1
   * @throws EvalException if sizes do not fit, or a class is out of range
   */
  public double accuracy(int[] classes, int count, float[][] testFeatures, int[] testClasses) {
    requireRows("test features", testFeatures.length, 1);
    requireCount("test classes", testClasses.length, testFeatures.length);
    requireClasses("classes", classes, count);
    requireClasses("test classes", testClasses, count);
    float[][] targets = new float[classes.length][count];
    for (int i = 0; i < classes.length; i++) {
      targets[i][classes[i]] = 1;
    }
    double[][] predicted = predict(targets, testFeatures);
    int correct = 0;
    for (int i = 0; i < testClasses.length; i++) {
      int best = 0;
      for (int c = 1; c < count; c++) {
        best = predicted[i][c] > predicted[i][best] ? c : best;
      }
      correct += best == testClasses[i] ? 1 : 0;
    }
    return (double) correct / testClasses.length;
  }

  /**
   * Predictions for other samples.
   *
   * @param targets of the samples to learn from, [N][T], finite
   * @param testFeatures [M][D], finite
   * @return [M][T]
   */
  double[][] predict(float[][] targets, float[][] testFeatures) {
    requireCount("targets", targets.length, x.length);
    requireMatrix("targets", targets, Math.max(1, columns(targets)));
    requireMatrix("test features", testFeatures, mean.length);
    double[][] test = standardised(testFeatures);
    double[][] predicted = new double[test.length][targets[0].length];
    for (int t = 0; t < targets[0].length; t++) {
      double offset = 0;
      for (float[] row : targets) {
        offset += row[t] / targets.length;
      }
      double[] weights = weights(targets, t, offset);
      for (int i = 0; i < test.length; i++) {
        predicted[i][t] = offset + CholeskyFactor.dot(test[i], weights, weights.length);
      }
    }
    return predicted;
  }

  /** W of one target, with the λ that predicts it best where samples are left out. */
  private double[] weights(float[][] targets, int target, double offset) {
    double[] moment = new double[mean.length];
    for (int i = 0; i < x.length; i++) {
      double y = (targets[i][target] - offset) / x.length;
      for (int j = 0; j < moment.length; j++) {
        moment[j] += y * x[i][j];
      }
    }
    double[] best = null;
    double least = Double.POSITIVE_INFINITY;
    for (Solver solver : solvers) {
      double[] weights = solver.factor.solve(moment);
      double error = 0;
      for (int i = 0; i < x.length; i++) {
        double fitted = CholeskyFactor.dot(x[i], weights, weights.length);
        double left = (targets[i][target] - offset - fitted) / (1 - solver.leverage[i]);
        error += left * left;
      }
      if (best == null || error < least) {
        least = error;
        best = weights;
      }
    }
    return best;
  }

  private static int columns(float[][] rows) {
    return rows.length == 0 ? 0 : rows[0].length;
  }

  private static void requireCount(String what, int found, int samples) {
    if (found != samples) {
      throw new EvalException(
          "probe: expected %s for %d samples, found %d".formatted(what, samples, found));
    }
  }

  private static void requireMatrix(String what, float[][] rows, int columns) {
    for (int i = 0; i < rows.length; i++) {
      if (rows[i].length != columns) {
        throw new EvalException(
            "probe: expected %d columns of %s, found %d in row %d"
                .formatted(columns, what, rows[i].length, i));
      }
      for (float value : rows[i]) {
        if (!Float.isFinite(value)) {
          throw new EvalException(
              "probe: expected finite %s, found %s in row %d".formatted(what, value, i));
        }
      }
    }
  }

  private static void requireClasses(String what, int[] classes, int count) {
    for (int label : classes) {
      if (label < 0 || label >= count) {
        throw new EvalException(
            "probe: expected %s from 0 to %d, found %d".formatted(what, count - 1, label));
      }
    }
  }

  private static void requireRows(String what, int found, int least) {
    if (found < least) {
      throw new EvalException(
          "probe: expected at least %d rows of %s, found %d".formatted(least, what, found));
    }
  }
}
