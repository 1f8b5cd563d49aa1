package org.crossdistill.cli;

import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.crossdistill.CrossdistillException;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Backends;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.nn.Linear;

/** Trains a student of one layer for some steps with every loss of the active backend. */
final class TrainingCheck {

  private static final int STEPS = 20;
  private static final int ROWS = 32;
  private static final int INPUTS = 16;
  private static final int DIM = 8;
  private static final int CLASSES = 4;
  private static final double LEARNING_RATE = 0.1;

  private final SoftMarginFeatureLoss featureLoss =
      new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults());
  private final MarginClassifierLoss classifierLoss =
      new MarginClassifierLoss(
          new MarginClassifierLoss.Options(
              MarginClassifierLoss.Kind.AAM, 4, 0.2, false, Reduction.MEAN));
  private final QualityWeights quality = new QualityWeights(QualityWeights.Options.defaults());

  /** What came out. */
  record Outcome(Backend backend, double firstLoss, double lastLoss) {}

  private TrainingCheck() {}

  /**
   * Trains.
   *
   * @throws CrossdistillException if a step fails, or the loss is not finite or does not fall
   */
  static Outcome run() {
    Backend backend = Backends.active();
    try (PointerScope scope = new PointerScope()) {
      return new TrainingCheck().train(backend);
    } catch (CrossdistillException e) {
      throw e;
    } catch (RuntimeException e) { // LibTorch's own
      throw new CrossdistillException("a training step failed: " + e.getMessage(), e);
    }
  }

  private Outcome train(Backend backend) {
    SplittableRandom random = new SplittableRandom(1);
    Linear student = Linear.withBias(random, INPUTS, DIM);
    Tensor inputs = gaussian(random, ROWS, INPUTS);
    Tensor teacher = gaussian(random, ROWS, DIM);
    Tensor classifier = gaussian(random, CLASSES, DIM);
    long[] labels = random.longs(ROWS, 0, CLASSES).toArray();
    double first = 0;
    double last = 0;
    for (int step = 0; step < STEPS; step++) {
      last = step(student, inputs, teacher, classifier, Tensor.create(labels));
      first = step == 0 ? last : first;
    }
    if (!(Double.isFinite(first) && last < first)) {
      throw new CrossdistillException(
          "expected a finite loss that falls, found " + first + " and later " + last);
    }
    return new Outcome(backend, first, last);
  }

  /** One update; the loss before it. */
  private double step(
      Linear student, Tensor inputs, Tensor teacher, Tensor classifier, Tensor labels) {
    Tensor embeddings = student.forward(inputs);
    Tensor weights = quality.ofEmbeddings(embeddings, teacher, true);
    var features =
        featureLoss.forward(
            embeddings, teacher, weights, 1, EnumSet.of(SoftMarginFeatureLoss.Output.GRAD_STUDENT));
    var classes =
        classifierLoss.forward(
            classifier, List.of(new MarginClassifierLoss.RowSet(embeddings, labels, weights, 1)));
    Tensor gradient = features.gradStudent().add(classes.gradEmbeddings());
    embeddings.backward(gradient, new BoolOptional(false), false, new TensorArrayRefOptional());
    try (NoGradGuard noGrad = new NoGradGuard()) {
      for (Tensor parameter : student.parameters().values()) {
        parameter.add_(parameter.grad(), new Scalar(-LEARNING_RATE));
        parameter.grad().zero_();
      }
    }
    return features.loss().add(classes.loss()).item_double();
  }

  private static Tensor gaussian(SplittableRandom random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.create(values, rows, columns);
  }
}
