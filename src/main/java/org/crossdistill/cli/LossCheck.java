package org.crossdistill.cli;

import java.util.Arrays;
import java.util.Map;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.TensorData;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.loss.NamedLoss;

/** How far computed answers are from the expected ones. */
final class LossCheck {

  /** Expected arrays shorter than this count as this long. */
  private static final double SHORTEST = 0.01;

  private LossCheck() {}

  /**
   * The farthest of a file's answers.
   *
   * @param array its name
   * @param error ‖answer − expected‖ / max(‖expected‖, 0.01); NaN if only one of the two is finite
   */
  record Worst(String array, double error) {

    boolean within(double tolerance) {
      return error <= tolerance;
    }
  }

  /**
   * Compares every expected array.
   *
   * @throws CrossdistillException if there is none, or one has no answer or one of another shape
   */
  static Worst compare(Map<String, TensorData> expected, Map<String, TensorData> answers) {
    if (expected.isEmpty()) {
      throw new CrossdistillException("nothing to check: no tensor out.*");
    }
    Worst worst = null;
    for (Map.Entry<String, TensorData> entry : expected.entrySet()) {
      String name = entry.getKey();
      TensorData answer = answers.get(name);
      if (answer == null) {
        throw new CrossdistillException(
            "out." + name + ": no such answer; there are " + answers.keySet());
      }
      if (!Arrays.equals(answer.shape(), entry.getValue().shape())) {
        throw new CrossdistillException(
            "out." + name + ": expected " + entry.getValue() + ", found " + answer);
      }
      double error = error(entry.getValue().toDoubles(), answer.toDoubles());
      if (worst == null || Double.compare(error, worst.error) > 0) { // NaN is the worst
        worst = new Worst(name, error);
      }
    }
    return worst;
  }

  private static double error(double[] expected, double[] answer) {
    double difference = 0;
    double length = 0;
    for (int i = 0; i < expected.length; i++) {
      if (Double.compare(expected[i], answer[i]) == 0) {
        // Covers NaN and infinity where they belong.
        length += Double.isFinite(expected[i]) ? expected[i] * expected[i] : 0;
        continue;
      }
      difference += (answer[i] - expected[i]) * (answer[i] - expected[i]);
      length += expected[i] * expected[i];
    }
    return Math.sqrt(difference) / Math.max(Math.sqrt(length), SHORTEST);
  }

  /** The largest error that a backend may show in an element type. */
  static double tolerance(NamedLoss<?> loss, Backend backend, DType dtype) {
    return switch (dtype) {
      case F64 -> 1e-10;
      case F32 -> backend == Backend.REFERENCE ? 1e-3 : loss.kernels().isEmpty() ? 1e-4 : 1e-5;
      case F16 -> 1e-3;
      case BF16 -> 5e-3;
    };
  }
}
