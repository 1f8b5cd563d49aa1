package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.method.CmdOptions.ClassifierMode;
import org.crossdistill.method.CmdOptions.Head;
import org.crossdistill.method.CmdOptions.Unlabelled;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.Linear;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The gradients of a step against LibTorch's own, through the equation term by term. */
class CmdTest {

  private static final int ROWS = 6;
  private static final int CLASSES = 4;
  private static final int SIZE = 5;
  private static final double LAMBDA_F = 3;
  private static final double LAMBDA_C = 0.5;
  private static final double LAMBDA_T = 0.7;

  private static final SoftMarginFeatureLoss.Options FEATURE =
      new SoftMarginFeatureLoss.Options(
          SoftMarginFeatureLoss.Distance.NORMALIZED, 0.4, Reduction.MEAN);
  private static final QualityWeights.Options QUALITY = QualityWeights.Options.defaults();

  private final SplittableRandom random = new SplittableRandom(11);
  private final TinyBackbone student = new TinyBackbone(random);
  private final Tensor teacher = Init.normal(random, ROWS, SIZE);
  private final Tensor input = Init.normal(random, ROWS, 3);

  private static final class TinyBackbone extends Backbone {
    private final Linear linear;

    TinyBackbone(SplittableRandom random) {
      linear = child("linear", Linear.withBias(random, 3, SIZE));
    }

    @Override
    public int embeddingSize() {
      return SIZE;
    }

    @Override
    public Tensor forward(Tensor x) {
      return linear.forward(x);
    }
  }

  private static CmdOptions options(ClassifierMode mode, Head head, Unlabelled unlabelled) {
    return new CmdOptions(
        FEATURE, QUALITY, mode, head, 1, false, LAMBDA_F, 0, LAMBDA_C, LAMBDA_T, unlabelled);
  }

  private static MarginClassifierLoss.Options loss(Reduction reduction) {
    return new MarginClassifierLoss.Options(
        MarginClassifierLoss.Kind.AAM, 8, 0.2, false, reduction);
  }

  private Cmd cmd(CmdOptions options, Reduction reduction) {
    Classifier teacherClassifier = new Classifier(random, CLASSES, SIZE);
    MethodContext context =
        MethodContext.of(student, CLASSES, loss(reduction), random)
            .with(new MethodContext.Teacher(SIZE, teacherClassifier, null));
    return new Cmd(options, context);
  }

  private Batch batch(long... labels) {
    return batch(null, labels);
  }

  private Batch batch(Tensor teacherLogits, long... labels) {
    Tensor classes = Tensor.create(labels);
    Batch.Side other = Batch.Side.of(null, classes).with(teacher, teacherLogits);
    return Batch.of(input, classes, 0).with(other);
  }

  private static Map<String, Tensor> parameters(Cmd cmd) {
    return ParameterGroup.of(cmd.networks(), 1).parameters();
  }

  private static List<float[]> gradients(Cmd cmd) {
    List<float[]> gradients = new ArrayList<>();
    for (Tensor parameter : parameters(cmd).values()) {
      boolean has = parameter.requires_grad() && parameter.grad().defined();
      gradients.add(has ? Tensors.floats(parameter.grad()) : new float[0]);
      if (has) {
        parameter.mutable_grad().zero_();
      }
    }
    return gradients;
  }

  private void assertSameGradients(Cmd cmd, List<float[]> expected) {
    List<float[]> actual = gradients(cmd);
    List<String> names = new ArrayList<>(parameters(cmd).keySet());
    assertThat(actual.stream().mapToInt(g -> g.length).sum()).isPositive();
    for (int i = 0; i < names.size(); i++) {
      assertThat(actual.get(i)).as(names.get(i)).containsExactly(expected.get(i), within(2e-5f));
    }
  }

  /** L_id + λ_f·L_f + λ_c·L_c + λ_t·L_t with one call a term, through autograd. */
  private List<float[]> byTheEquation(Cmd cmd, CmdOptions options, Reduction reduction, long... y) {
    Tensor labels = Tensor.create(y);
    Tensor s = student.forward(input);
    Tensor t = cmd.project(teacher).orElseThrow();
    QualityWeights quality = new QualityWeights(QUALITY);
    Tensor w = quality.forward(quality.norms(s.detach()), quality.norms(teacher), true);
    Tensor v = cmd.classifier().weight();
    Tensor shared =
        options.classifier() == ClassifierMode.JOINT
            ? v
            : parameters(cmd).get("shared-classifier.weight");
    MarginClassifierLoss loss = new MarginClassifierLoss(loss(reduction));
    Tensor total =
        new SoftMarginFeatureLoss(FEATURE)
            .apply(s, t, w)
            .mul(new Scalar(LAMBDA_F))
            .add(loss.apply(v, null, List.of(RowSet.of(s, labels))))
            .add(loss.apply(shared, null, List.of(new RowSet(s, labels, w, LAMBDA_C))))
            .add(loss.apply(shared, null, List.of(new RowSet(t, labels, null, LAMBDA_T))));
    total.backward();
    return gradients(cmd);
  }

  private void check(ClassifierMode mode, Head head, Reduction reduction, long... labels) {
    CmdOptions options = options(mode, head, Unlabelled.IGNORE);
    Cmd cmd = cmd(options, reduction);
    List<float[]> expected = byTheEquation(cmd, options, reduction, labels);

    cmd.step(batch(labels)).backward();

    assertSameGradients(cmd, expected);
  }

  @ParameterizedTest
  @EnumSource(ClassifierMode.class)
  void gradientsAreThoseOfTheEquation(ClassifierMode mode) {
    check(mode, Head.BOTTLENECK, Reduction.MEAN, 0, 1, 2, 3, 0, 1);
    check(mode, Head.NONE, Reduction.MEAN, 0, 1, 2, 3, -100, 1);
  }

  @ParameterizedTest
  @EnumSource(Reduction.class)
  void gradientsAreThoseOfTheEquationForEachReduction(Reduction reduction) {
    check(ClassifierMode.JOINT, Head.NONE, reduction, 3, 1, 2, 3, 0, 0);
  }

  @Test
  void rowsWithoutLabelCountForTheFeatureLossAlone() {
    check(ClassifierMode.JOINT, Head.BOTTLENECK, Reduction.WEIGHTED_MEAN, 0, -100, 2, 3, -100, 1);
  }

  @Test
  void teacherLabelsRowsThatHaveNone() {
    Cmd cmd = cmd(options(ClassifierMode.JOINT, Head.NONE, Unlabelled.TEACHER), Reduction.MEAN);
    float[] certain = {-50, -50, 50, -50};
    float[][] logits = {certain, certain, certain, certain, certain, certain};
    Batch gaps = batch(Tensors.of(logits), 0, -100, 2, 3, 0, 1);
    Cmd other = new Cmd(options(ClassifierMode.JOINT, Head.NONE, Unlabelled.IGNORE), context(cmd));
    copyClassifier(cmd, other);

    double filled = cmd.step(gaps).terms().get("identity").item_double();
    double known = other.step(batch(0, 2, 2, 3, 0, 1)).terms().get("identity").item_double();

    assertThat(filled).isCloseTo(known, within(1e-5));
  }

  private MethodContext context(Cmd cmd) {
    return MethodContext.of(cmd.student(), CLASSES, loss(Reduction.MEAN), new SplittableRandom(5))
        .with(MethodContext.Teacher.ofEmbeddings(SIZE));
  }

  private static void copyClassifier(Cmd from, Cmd to) {
    to.classifier().weight().set_data(from.classifier().weight().detach().clone());
  }

  @Test
  void featureGradientCanBeKeptOutOfTheHead() {
    CmdOptions stopped =
        new CmdOptions(
            FEATURE,
            QUALITY,
            ClassifierMode.JOINT,
            Head.BOTTLENECK,
            1,
            true,
            LAMBDA_F,
            0,
            LAMBDA_C,
            0,
            Unlabelled.IGNORE);
    Cmd cmd = cmd(stopped, Reduction.MEAN);

    cmd.step(batch(0, 1, 2, 3, 0, 1)).backward();

    // λ_t = 0 and no feature gradient: nothing else reaches the head.
    assertThat(Tensors.floats(parameters(cmd).get("head.up.weight").grad())).containsOnly(0f);
    assertThat(Tensors.floats(parameters(cmd).get("student.linear.weight").grad()))
        .doesNotContain(0f);
  }

  @Test
  void featureWeightWarmsUp() {
    CmdOptions warming =
        new CmdOptions(
            FEATURE,
            QUALITY,
            ClassifierMode.JOINT,
            Head.NONE,
            1,
            false,
            8,
            0.5,
            1,
            1,
            Unlabelled.IGNORE);

    assertThat(warming.lambdaF(0)).isZero();
    assertThat(warming.lambdaF(0.25)).isEqualTo(4);
    assertThat(warming.lambdaF(0.5)).isEqualTo(8);
    assertThat(warming.lambdaF(0.9)).isEqualTo(8);
  }

  @Test
  void frozenClassifierNeedsATeacherWithOne() {
    assertThatThrownBy(
            () ->
                new Cmd(
                    options(ClassifierMode.FROZEN, Head.NONE, Unlabelled.IGNORE),
                    MethodContext.of(student, CLASSES, loss(Reduction.MEAN), random)
                        .with(MethodContext.Teacher.ofEmbeddings(SIZE))))
        .isInstanceOf(MethodException.class)
        .hasMessageContaining("frozen");
  }

  @Test
  void headlessNeedsEqualSizes() {
    assertThatThrownBy(
            () ->
                new Cmd(
                    options(ClassifierMode.JOINT, Head.NONE, Unlabelled.IGNORE),
                    MethodContext.of(student, CLASSES, loss(Reduction.MEAN), random)
                        .with(MethodContext.Teacher.ofEmbeddings(SIZE + 2))))
        .isInstanceOf(MethodException.class)
        .hasMessageContaining("found 7 and 5");
  }

  @Test
  void projectionHeadStartsAsTheIdentity() {
    Cmd cmd =
        cmd(options(ClassifierMode.JOINT, Head.BOTTLENECK, Unlabelled.IGNORE), Reduction.MEAN);

    float[] projected = Tensors.floats(cmd.project(teacher).orElseThrow());

    assertThat(projected).containsExactly(Tensors.floats(teacher), within(0f));
  }
}
