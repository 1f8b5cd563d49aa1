package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.method.CmdOptions.ClassifierMode;
import org.crossdistill.method.CmdOptions.Head;
import org.crossdistill.method.CmdOptions.Unlabelled;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.Passthrough;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Quality weights of CMD: a step without a head has them from the classifier's pass, one with a
 * head, which is the identity at first, makes them before; both must come to the same.
 */
class CmdWeightsTest {

  private static final int ROWS = 6;
  private static final int CLASSES = 4;
  private static final int SIZE = 5;
  private static final long[] GAPS = {0, -100, 2, 3, -100, 1};

  private final SplittableRandom random = new SplittableRandom(12);
  private final Tensor embeddings = Init.normal(random, ROWS, SIZE).requires_grad_(true);
  private final Tensor teacher = Init.normal(random, ROWS, SIZE);

  private static Cmd cmd(ClassifierMode mode, Head head, Unlabelled unlabelled) {
    SplittableRandom random = new SplittableRandom(13);
    Classifier ofTeacher = new Classifier(random, CLASSES, SIZE);
    MarginClassifierLoss.Options loss =
        new MarginClassifierLoss.Options(
            MarginClassifierLoss.Kind.AAM, 8, 0.2, false, Reduction.MEAN);
    CmdOptions options =
        new CmdOptions(
            new SoftMarginFeatureLoss.Options(
                SoftMarginFeatureLoss.Distance.NORMALIZED, 0.4, Reduction.MEAN),
            QualityWeights.Options.defaults(),
            mode,
            head,
            1,
            false,
            3,
            0,
            0.5,
            0.7,
            unlabelled);
    return new Cmd(
        options,
        MethodContext.of(new Passthrough(SIZE), CLASSES, loss, random)
            .with(new MethodContext.Teacher(SIZE, ofTeacher, null)));
  }

  /** Matrices are drawn after the head, if there is one. */
  private static void copyMatrices(Cmd from, Cmd to) {
    for (String name : List.of("classifier", "shared-classifier")) {
      Module matrix = to.networks().get(name);
      if (matrix != null) {
        Tensor values = from.networks().get(name).parameters().get("weight").detach();
        matrix.parameters().get("weight").set_data(values.clone());
      }
    }
  }

  private Batch batch(Tensor teacherLogits, Tensor teacherQuality, long... labels) {
    Tensor classes = Tensor.create(labels);
    Batch.Side other = Batch.Side.of(null, classes).with(teacher, teacherLogits);
    return Batch.of(embeddings, classes, 0)
        .with(teacherQuality == null ? other : other.withQuality(teacherQuality));
  }

  private void assertSame(Cmd one, Cmd other, Batch batch) {
    copyMatrices(one, other);
    float[] expected = gradient(one, batch);
    assertThat(gradient(other, batch)).containsExactly(expected, within(1e-5f));
    assertThat(statistics(other)).containsExactly(statistics(one), within(1e-6f));
  }

  private float[] gradient(Cmd cmd, Batch batch) {
    if (embeddings.grad().defined()) {
      embeddings.mutable_grad().zero_();
    }
    cmd.step(batch).backward();
    return Tensors.floats(embeddings.grad());
  }

  private static float[] statistics(Cmd cmd) {
    Tensor statistics = cmd.networks().get("quality").state().get("statistics");
    return Tensors.floats(statistics);
  }

  @ParameterizedTest
  @EnumSource(ClassifierMode.class)
  void rowsThatTheTeacherLabelsWeighItsConfidenceToo(ClassifierMode mode) {
    Tensor logits = Init.normal(random, ROWS, CLASSES);
    assertSame(
        cmd(mode, Head.BOTTLENECK, Unlabelled.TEACHER),
        cmd(mode, Head.NONE, Unlabelled.TEACHER),
        batch(logits, null, GAPS));
  }

  @ParameterizedTest
  @EnumSource(ClassifierMode.class)
  void rowsWithoutALabelHaveWeightsToo(ClassifierMode mode) {
    assertSame(
        cmd(mode, Head.BOTTLENECK, Unlabelled.IGNORE),
        cmd(mode, Head.NONE, Unlabelled.IGNORE),
        batch(null, null, GAPS));
  }

  @Test
  void measuredQualityStandsInForOneSidesNorms() {
    Tensor quality = Init.normal(random, ROWS);
    assertSame(
        cmd(ClassifierMode.JOINT, Head.BOTTLENECK, Unlabelled.IGNORE),
        cmd(ClassifierMode.JOINT, Head.NONE, Unlabelled.IGNORE),
        batch(null, quality, GAPS));
  }

  @ParameterizedTest
  @EnumSource(Head.class)
  void embeddingsThatAreNotFiniteAreNamed(Head head) {
    Cmd cmd = cmd(ClassifierMode.JOINT, head, Unlabelled.IGNORE);
    teacher.select(0, 3).fill_(new Scalar(Double.POSITIVE_INFINITY));
    assertThatThrownBy(() -> cmd.step(batch(null, null, GAPS)))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("row 3");
    assertThat(statistics(cmd)).containsOnly(0f);
  }
}
