package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.integers;
import static org.crossdistill.loss.TestTensors.positive;
import static org.crossdistill.loss.TestTensors.sameBits;
import static org.crossdistill.loss.TestTensors.values;

import java.util.EnumSet;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.MarginClassifierLoss.Kind;
import org.crossdistill.loss.MarginClassifierLoss.Options;
import org.crossdistill.loss.MarginClassifierLoss.Output;
import org.crossdistill.loss.MarginClassifierLoss.Result;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class QualityWeightingTest {

  private static final int ROWS = 9;
  private static final int CLASSES = 4;
  private static final int SIZE = 6;
  private static final List<Reduction> REDUCTIONS =
      List.of(Reduction.MEAN, Reduction.WEIGHTED_MEAN, Reduction.SUM);
  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  private final PointerScope scope = new PointerScope();
  private final Tensor classifier = gaussian(1, CLASSES, SIZE);

  @AfterEach
  void free() {
    scope.close();
  }

  private static List<RowSet> sides(long seed, Tensor weightsOrNull) {
    Tensor labels = integers(seed, CLASSES, ROWS);
    labels.select(0, 2).fill_(new Scalar(MarginClassifierLoss.IGNORE_LABEL));
    Tensor teacher = gaussian(seed + 1, ROWS, SIZE).mul(new Scalar(3));
    return List.of(
        new RowSet(gaussian(seed, ROWS, SIZE), labels, weightsOrNull, 1),
        RowSet.of(teacher, integers(seed + 2, CLASSES, ROWS)));
  }

  private static MarginClassifierLoss loss(Kind kind, Reduction reduction, Backend backend) {
    return new MarginClassifierLoss(new Options(kind, 16, 0.2, false, reduction), backend);
  }

  private static QualityWeights quality(Backend backend) {
    return new QualityWeights(QualityWeights.Options.defaults(), backend);
  }

  /** Over three batches, of which the last changes no statistics. */
  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void hasTheAnswersOfTheSeparateCalls(Backend backend) {
    for (Kind kind : Kind.values()) {
      QualityWeights one = quality(backend);
      QualityWeights other = quality(backend);
      for (int batch = 0; batch < 3; batch++) {
        List<RowSet> sets = sides(10 + batch, batch == 0 ? null : positive(3, ROWS));
        boolean training = batch < 2;
        MarginClassifierLoss loss = loss(kind, REDUCTIONS.get(batch), backend);

        QualityWeighting weighting = new QualityWeighting(one, training, 0.5, 2);
        Result result = loss.forward(classifier, null, sets, weighting, ALL);

        Tensor w = other.ofEmbeddings(sets.get(0).embeddings(), sets.get(1).embeddings(), training);
        assertThat(values(result.qualityWeights())).containsExactly(values(w), within(1e-14));
        assertThat(error(one.statistics(), other.statistics())).isLessThan(1e-14);
        assertSame(result, loss.forward(classifier, null, weighed(sets, w), ALL));
      }
    }
  }

  private static List<RowSet> weighed(List<RowSet> sets, Tensor w) {
    RowSet first = sets.get(0);
    Tensor weights = w.mul(new Scalar(2)).add(new Scalar(0.5));
    Tensor own = first.weightsOrNull();
    return List.of(
        new RowSet(first.embeddings(), first.labels(), own == null ? weights : own.mul(weights), 1),
        sets.get(1));
  }

  private static void assertSame(Result result, Result expected) {
    assertThat(error(result.gradClassifier(), expected.gradClassifier())).isLessThan(1e-13);
    for (int i = 0; i < 2; i++) {
      var set = result.sets().get(i);
      var other = expected.sets().get(i);
      assertThat(error(set.loss(), other.loss())).isLessThan(1e-13);
      assertThat(error(set.rows(), other.rows())).isLessThan(1e-13);
      assertThat(error(set.gradEmbeddings(), other.gradEmbeddings())).isLessThan(1e-13);
      assertThat(error(set.gradWeights(), other.gradWeights())).isLessThan(1e-13);
    }
  }

  /** The loss's backend works, not that of the weights. */
  @Test
  void backendIsThatOfTheLoss() {
    List<RowSet> sets = sides(20, null);
    MarginClassifierLoss loss = loss(Kind.AAM, Reduction.MEAN, Backend.CPU);
    Result one = loss.forward(classifier, null, sets, training(quality(Backend.CPU)), ALL);
    Result other = loss.forward(classifier, null, sets, training(quality(Backend.REFERENCE)), ALL);
    assertThat(sameBits(one.qualityWeights(), other.qualityWeights())).isTrue();
  }

  private static QualityWeighting training(QualityWeights quality) {
    return new QualityWeighting(quality, true, 1, 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void badBatchesAreNamedAndLeaveTheStatistics(Backend backend) {
    QualityWeights quality = quality(backend);
    MarginClassifierLoss loss = loss(Kind.AAM, Reduction.MEAN, backend);
    List<RowSet> sets = sides(30, null);
    refused(
        () -> loss.forward(classifier, null, sets, new QualityWeighting(quality, false, 1, 1), ALL),
        "statistics: expected a training batch before, found none");
    Tensor good = sets.get(1).labels().clone();
    sets.get(1).labels().select(0, 4).fill_(new Scalar(77));
    refused(() -> loss.forward(classifier, null, sets, training(quality), ALL), "77");
    assertThat(values(quality.statistics())).containsOnly(0);
    sets.get(1).labels().copy_(good);
    sets.get(0).embeddings().select(0, 2).fill_(new Scalar(Double.POSITIVE_INFINITY));
    refused(() -> loss.forward(classifier, null, sets, training(quality), ALL), "row 2", "finite");
    assertThat(values(quality.statistics())).containsOnly(0);
  }

  @Test
  void wrongArgumentsAreNamed() {
    QualityWeights quality = quality(Backend.CPU);
    MarginClassifierLoss loss = loss(Kind.AAM, Reduction.MEAN, Backend.CPU);
    List<RowSet> sets = sides(40, null);
    refused(
        () -> loss.forward(classifier, null, sets.subList(0, 1), training(quality), ALL),
        "rowSets: expected a student's and a teacher's, found one");
    RowSet three = RowSet.of(gaussian(1, 3, SIZE), integers(1, CLASSES, 3));
    refused(
        () -> loss.forward(classifier, null, List.of(sets.get(0), three), training(quality), ALL),
        "rowSets[1].embeddings",
        "9",
        "3");
    refused(() -> new QualityWeighting(null, true, 1, 1), "quality");
    refused(() -> new QualityWeighting(quality, true, -1, 1), "offset", "-1");
    refused(() -> new QualityWeighting(quality, true, 1, Double.NaN), "factor", "NaN");
    assertThat(values(quality.statistics())).containsOnly(0);
  }

  private static void refused(ThrowingCallable call, String... parts) {
    assertThatThrownBy(call).isInstanceOf(TensorException.class).hasMessageContainingAll(parts);
  }
}
