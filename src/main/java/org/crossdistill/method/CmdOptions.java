package org.crossdistill.method;

import java.util.EnumSet;
import java.util.Set;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.SoftMarginFeatureLoss;

/**
 * The switches of {@link Cmd}.
 *
 * @param featureMargin the feature loss L_f: {@code distance}, {@code margin}, {@code reduction}
 * @param qualityWeights the weights w: {@code quality}, {@code k}, {@code h}, {@code alpha}
 * @param classifier which matrices the three classifier terms train
 * @param head the trainable head on the teacher
 * @param headLearningRate multiplier of the head's learning rate, ≥ 0
 * @param stopFeatureGradient whether L_f's gradient stays out of the head
 * @param lambdaF weight of L_f, from 0 to 1e9; it must grow with the identity loss's scale
 * @param lambdaFWarmUp share of the training over which λ_f rises from 0, in [0, 1)
 * @param lambdaC weight of L_c, the student's quality-weighted classifier term, from 0 to 1e9
 * @param lambdaT weight of L_t, the teacher's classifier term, from 0 to 1e9
 * @param unlabelled what becomes of rows without a label in the classifier terms
 */
public record CmdOptions(
    SoftMarginFeatureLoss.Options featureMargin,
    QualityWeights.Options qualityWeights,
    ClassifierMode classifier,
    Head head,
    double headLearningRate,
    boolean stopFeatureGradient,
    double lambdaF,
    double lambdaFWarmUp,
    double lambdaC,
    double lambdaT,
    Unlabelled unlabelled) {

  /** Which matrix trains which of the terms. */
  public enum ClassifierMode {
    /** One matrix for all three. */
    JOINT,
    /** The teacher's own, trained before and fixed; the identity loss has a matrix of its own. */
    FROZEN,
    /**
     * One for the identity loss, a second one for the student's weighted and the teacher's term.
     */
    SEPARATE
  }

  /** What stands between the frozen teacher and the losses. */
  public enum Head {
    /** Nothing: t = e. */
    NONE,
    /** {@link org.crossdistill.nn.ProjectionHead}. */
    BOTTLENECK
  }

  /** Rows whose label is not known; the feature loss uses them in any case. */
  public enum Unlabelled {
    /** They count for nothing in the classifier terms. */
    IGNORE,
    /** The teacher's most probable class is their label, weighted by its probability. */
    TEACHER
  }

  /**
   * {@code normalized} distance with margin 0.3, quality {@code difference}, {@code joint}
   * classifier, bottleneck head, all λ = 1.
   */
  public static CmdOptions defaults() {
    return new CmdOptions(
        SoftMarginFeatureLoss.Options.defaults(),
        QualityWeights.Options.defaults(),
        ClassifierMode.JOINT,
        Head.BOTTLENECK,
        1,
        false,
        1,
        0,
        1,
        1,
        Unlabelled.IGNORE);
  }

  /** Checks the ranges. */
  public CmdOptions {
    requireFactor("head-learning-rate", headLearningRate);
    requireFactor("lambda-f", lambdaF);
    requireFactor("lambda-c", lambdaC);
    requireFactor("lambda-t", lambdaT);
    if (!(lambdaFWarmUp >= 0 && lambdaFWarmUp < 1)) {
      throw new MethodException(
          "lambda-f-warm-up: expected a number in [0, 1), found " + lambdaFWarmUp);
    }
  }

  private static void requireFactor(String key, double value) {
    if (!(value >= 0 && value <= 1e9)) {
      throw new MethodException(key + ": expected a number from 0 to 1e9, found " + value);
    }
  }

  /** What the teacher must give. */
  Set<Need> needs() {
    Set<Need> needs = EnumSet.of(Need.PAIRS, Need.TEACHER_EMBEDDING);
    if (classifier == ClassifierMode.FROZEN) {
      needs.add(Need.TEACHER_CLASSIFIER);
    }
    if (unlabelled == Unlabelled.TEACHER) {
      needs.add(Need.TEACHER_LOGITS);
    }
    return needs;
  }

  /** λ_f after a share of the training. */
  double lambdaF(double progress) {
    return progress < lambdaFWarmUp ? lambdaF * progress / lambdaFWarmUp : lambdaF;
  }
}
