package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.integers;
import static org.crossdistill.loss.TestTensors.positive;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.value;
import static org.crossdistill.loss.TestTensors.values;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.MarginClassifierLoss.Kind;
import org.crossdistill.loss.MarginClassifierLoss.Options;
import org.crossdistill.loss.MarginClassifierLoss.Output;
import org.crossdistill.loss.MarginClassifierLoss.Result;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class MarginClassifierLossTest {

  private static final double PRECISE = 1e-12;
  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  /** Cosines 0.8, 0.96 and −0.28 to three classes; scale 15, margin 0.3. */
  @ParameterizedTest
  @CsvSource({
    "AM,         0, false, 6.90100729",
    "AM,         2, false, 23.18683615",
    "AAM,        0, false, 5.59935113",
    "AAM,        2, false, 22.75474038",
    "AAM,        2, true,  18.68683616",
    "NORMALIZED, 2, false, 18.68683616",
  })
  void lossOfOneRow(Kind kind, long label, boolean easyMargin, double expected) {
    Tensor classifier = rows(new double[][] {{1, 0}, {0.6, 0.8}, {-0.8, 0.6}});
    Tensor embedding = rows(new double[] {1.6, 1.2});
    for (Backend backend : EnumSet.of(Backend.CPU, Backend.REFERENCE)) {
      Result result =
          new MarginClassifierLoss(new Options(kind, 15, 0.3, easyMargin, Reduction.SUM), backend)
              .forward(classifier, embedding, Tensor.create(label));
      assertThat(value(result.loss())).isEqualTo(expected, within(2e-8));
      assertThat(values(result.hits())).containsExactly(0);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void biasIsPartOfTheSoftMax(Backend backend) {
    MarginClassifierLoss loss =
        new MarginClassifierLoss(new Options(Kind.SOFTMAX, 0, -1, false, Reduction.SUM), backend);
    Tensor classifier = rows(new double[][] {{1, 0}, {0, 1}});
    RowSet set = RowSet.of(rows(new double[] {2, 1}), Tensor.create(0L));
    Result result = loss.forward(classifier, Tensor.create(0.0, 3.0), List.of(set), ALL);
    // Logits 2 and 4.
    assertThat(value(result.loss())).isEqualTo(Math.log1p(Math.exp(2)), within(PRECISE));
    double p = 1 / (1 + Math.exp(-2));
    assertThat(values(result.gradBias())).containsExactly(new double[] {-p, p}, within(PRECISE));
    assertThat(values(result.gradEmbeddings()))
        .containsExactly(new double[] {-p, p}, within(PRECISE));
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void ignoredRowsCountForNothingWhateverTheyHold(Backend backend) {
    Tensor classifier = gaussian(1, 4, 3);
    Tensor embeddings = gaussian(2, 3, 3);
    Tensor labels = Tensor.create(1L, 0L, 2L);
    for (Reduction reduction : Reduction.values()) {
      MarginClassifierLoss loss =
          new MarginClassifierLoss(new Options(Kind.AAM, 16, 0.2, false, reduction), backend);
      Result plain =
          loss.forward(classifier, List.of(new RowSet(embeddings, labels, positive(3, 3), 1)));
      Tensor withMore = rows5(embeddings);
      Tensor weights = Tensor.create(concat(values(positive(3, 3)), 7, 9));
      Tensor moreLabels = Tensor.create(1L, 0L, 2L, -100L, -100L);
      Result more = loss.forward(classifier, List.of(new RowSet(withMore, moreLabels, weights, 1)));
      assertThat(value(more.loss())).isEqualTo(value(plain.loss()), within(PRECISE));
      assertThat(error(more.gradClassifier(), plain.gradClassifier())).isLessThan(PRECISE);
      assertThat(error(more.gradEmbeddings().narrow(0, 0, 3), plain.gradEmbeddings()))
          .isLessThan(PRECISE);
      assertThat(values(more.gradEmbeddings().narrow(0, 3, 2))).containsOnly(0);
      assertThat(values(more.rows().narrow(0, 3, 2))).containsOnly(0);
      assertThat(values(more.hits().narrow(0, 3, 2))).containsOnly(0);
      assertThat(values(more.sets().get(0).gradWeights().narrow(0, 3, 2))).containsOnly(0);
    }
  }

  /** Three rows, one of NaN and one of ones. */
  private static Tensor rows5(Tensor three) {
    double[] more = concat(values(three), Double.NaN, Double.NaN, Double.NaN, 1, 1, 1);
    return Tensor.create(more, 5, 3);
  }

  private static double[] concat(double[] values, double... more) {
    double[] all = java.util.Arrays.copyOf(values, values.length + more.length);
    System.arraycopy(more, 0, all, values.length, more.length);
    return all;
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void rowSetsShareTheClassifierAndNothingElse(Backend backend) {
    MarginClassifierLoss loss = new MarginClassifierLoss(Options.defaults(), backend);
    Tensor classifier = gaussian(1, 7, 5);
    RowSet student = new RowSet(gaussian(2, 6, 5), integers(3, 7, 6), positive(4, 6), 0.5);
    RowSet teacher = new RowSet(gaussian(5, 3, 5), integers(6, 7, 3), null, 2);
    Result both = loss.forward(classifier, List.of(student, teacher));
    Result first = loss.forward(classifier, List.of(student));
    Result second = loss.forward(classifier, List.of(teacher));
    assertThat(value(both.sets().get(1).loss())).isEqualTo(value(second.loss()), within(PRECISE));
    assertThat(error(both.sets().get(0).gradEmbeddings(), first.gradEmbeddings()))
        .isLessThan(PRECISE);
    assertThat(error(both.sets().get(1).gradEmbeddings(), second.gradEmbeddings()))
        .isLessThan(PRECISE);
    assertThat(error(both.gradClassifier(), first.gradClassifier().add(second.gradClassifier())))
        .isLessThan(PRECISE);
    Result unscaled =
        loss.forward(
            classifier,
            List.of(
                new RowSet(student.embeddings(), student.labels(), student.weightsOrNull(), 1)));
    assertThat(error(first.gradEmbeddings(), unscaled.gradEmbeddings().mul(new Scalar(0.5))))
        .isLessThan(PRECISE);
    assertThat(value(first.loss())).isEqualTo(value(unscaled.loss()), within(PRECISE));
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void anyStridesGiveTheSame(Backend backend) {
    MarginClassifierLoss loss = new MarginClassifierLoss(Options.defaults(), backend);
    Tensor classifier = gaussian(1, 5, 7).t();
    Tensor embeddings = gaussian(2, 6, 11).narrow(1, 2, 5);
    Tensor labels = integers(3, 7, 6, 2).select(1, 1);
    Result result = loss.forward(classifier, embeddings, labels);
    Result plain =
        loss.forward(classifier.contiguous(), embeddings.contiguous(), labels.contiguous());
    assertThat(error(result.loss(), plain.loss())).isLessThan(PRECISE);
    assertThat(error(result.gradClassifier(), plain.gradClassifier())).isLessThan(PRECISE);
    assertThat(error(result.gradEmbeddings(), plain.gradEmbeddings())).isLessThan(PRECISE);
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void plantedEmbeddingsHaveFiniteGradients(Backend backend) {
    Tensor classifier = gaussian(1, 4, 6);
    for (double factor : new double[] {1, 2, -1, -3}) {
      Result result =
          new MarginClassifierLoss(Options.defaults(), backend)
              .forward(
                  classifier, classifier.mul(new Scalar(factor)), Tensor.create(0L, 1L, 2L, 3L));
      assertThat(Double.isFinite(value(result.loss()))).isTrue();
      for (double g : values(result.gradEmbeddings())) {
        assertThat(g).isBetween(-40.0, 40.0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void wrongValuesNameTheRow(Backend backend) {
    MarginClassifierLoss loss = new MarginClassifierLoss(Options.defaults(), backend);
    Tensor classifier = gaussian(1, 4, 3);
    Tensor embeddings = gaussian(2, 3, 3);
    for (long bad : new long[] {4, -1}) {
      assertThatThrownBy(() -> loss.forward(classifier, embeddings, Tensor.create(0L, bad, 1L)))
          .isInstanceOf(TensorException.class)
          .hasMessageContaining("label")
          .hasMessageContaining("row 1")
          .hasMessageContaining(String.valueOf(bad));
    }
    RowSet set = new RowSet(embeddings, integers(1, 4, 3), Tensor.create(1.0, 1.0, -3.0), 1);
    assertThatThrownBy(() -> loss.forward(classifier, List.of(set)))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("weights")
        .hasMessageContaining("-3");
  }

  @Test
  void wrongArgumentsAreNamed() {
    MarginClassifierLoss loss = new MarginClassifierLoss(Options.defaults());
    Tensor classifier = gaussian(1, 4, 3);
    Tensor embeddings = gaussian(2, 3, 3);
    Tensor labels = integers(1, 4, 3);
    assertRefused(
        () -> loss.forward(gaussian(1, 0, 3), embeddings, labels),
        "classifier: expected at least one class, found none");
    assertRefused(
        () -> loss.forward(classifier, gaussian(1, 3, 2), labels),
        "rowSets[0].embeddings: expected rows of the columns, type and device of classifier (f64"
            + " [4, 3] on cpu), found f64 [3, 2] on cpu");
    assertRefused(
        () -> loss.forward(classifier, embeddings, labels.to(ScalarType.Int)),
        "rowSets[0].labels: expected Long [3] on cpu, found Int [3] on cpu");
    assertRefused(
        () -> loss.forward(classifier, embeddings, integers(1, 4, 2)),
        "rowSets[0].labels: expected Long [3] on cpu, found Long [2] on cpu");
    assertRefused(
        () -> loss.forward(classifier, List.of()), "rowSets: expected at least one, found none");
    assertRefused(
        () -> loss.forward(classifier, gaussian(1, 4), List.of(RowSet.of(embeddings, labels)), ALL),
        "bias: expected none with kind aam, found one");
  }

  @Test
  void optionsAreChecked() {
    assertRefused(
        () -> new Options(Kind.AAM, 32, -0.1, false, Reduction.MEAN),
        "margin: expected a finite number of at least 0.0 and less than 3.141592653589793, found"
            + " -0.1");
    assertRefused(
        () -> new Options(Kind.AM, 0, 0.1, false, Reduction.MEAN),
        "scale: expected a finite number above 0, found 0.0");
    assertThat(new Options(Kind.AM, 32, 2, false, Reduction.MEAN).margin()).isEqualTo(2);
    assertRefused(
        () -> new Options(null, 32, 2, false, Reduction.MEAN),
        "kind: expected a value, found null");
  }

  private static void assertRefused(Runnable call, String message) {
    assertThatThrownBy(call::run).isInstanceOf(TensorException.class).hasMessage(message);
  }
}
