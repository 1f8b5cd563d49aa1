package org.crossdistill.train;

/**
 * The optimiser.
 *
 * @param name {@code adamw} or {@code sgd}
 * @param learningRate the schedule's peak, > 0, at most 1e9
 * @param weightDecay decoupled (adamw) or added to the gradient (sgd); on matrices only, not on
 *     biases and norms; ≥ 0, at most 1e9
 * @param beta1 of adamw, in [0, 1)
 * @param beta2 of adamw, in [0, 1)
 * @param epsilon of adamw, from 1e-30 to 1e9
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

  /** Updates are f32: what lies beyond, or products of two beyond, would be infinite or 0 there. */
  private static final double LARGEST = 1e9;

  private static final double SMALLEST = 1e-30;

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
    boolean moves = learningRate > 0 && learningRate <= LARGEST;
    Options.require(moves, "learning-rate", "a number > 0 and <= 1e9", learningRate);
    boolean decays = weightDecay >= 0 && weightDecay <= LARGEST;
    Options.require(decays, "weight-decay", "a number >= 0 and <= 1e9", weightDecay);
    Options.require(beta1 >= 0 && beta1 < 1, "beta1", "a number in [0, 1)", beta1);
    Options.require(beta2 >= 0 && beta2 < 1, "beta2", "a number in [0, 1)", beta2);
    boolean divides = epsilon >= SMALLEST && epsilon <= LARGEST;
    Options.require(divides, "epsilon", "a number from 1e-30 to 1e9", epsilon);
    Options.require(momentum >= 0 && momentum < 1, "momentum", "a number in [0, 1)", momentum);
  }
}
