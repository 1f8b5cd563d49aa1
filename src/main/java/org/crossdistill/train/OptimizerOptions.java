package org.crossdistill.train;

/**
 * The optimiser.
 *
 * @param name {@code adamw} or {@code sgd}
 * @param learningRate the schedule's peak, > 0
 * @param weightDecay decoupled (adamw) or added to the gradient (sgd); on matrices only, not on
 *     biases and norms; ≥ 0
 * @param beta1 of adamw, in [0, 1)
 * @param beta2 of adamw, in [0, 1)
 * @param epsilon of adamw, > 0
 * @param momentum of sgd, in [0, 1)
 */
public record OptimizerOptions(
    Name name,
    double learningRate,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double momentum) {

  /** Which update rule. */
  public enum Name {
    /** Adam with decoupled weight decay (Loshchilov and Hutter, 2019). */
    ADAMW,
    /** Stochastic gradient descent with momentum. */
    SGD
  }

  /** adamw, learning rate 5e-3, weight decay 0.05, β (0.9, 0.99). */
  public static OptimizerOptions defaults() {
    return new OptimizerOptions(Name.ADAMW, 5e-3, 0.05, 0.9, 0.99, 1e-8, 0.9);
  }

  /** Checks the ranges. */
  public OptimizerOptions {
    positive("learning-rate", learningRate);
    boolean decays = Double.isFinite(weightDecay) && weightDecay >= 0;
    Options.require(decays, "weight-decay", "a finite number >= 0", weightDecay);
    Options.require(beta1 >= 0 && beta1 < 1, "beta1", "a number in [0, 1)", beta1);
    Options.require(beta2 >= 0 && beta2 < 1, "beta2", "a number in [0, 1)", beta2);
    positive("epsilon", epsilon);
    Options.require(momentum >= 0 && momentum < 1, "momentum", "a number in [0, 1)", momentum);
  }

  private static void positive(String key, double value) {
    Options.require(Double.isFinite(value) && value > 0, key, "a finite number > 0", value);
  }
}
