package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.Kernels.FeatureMarginInputs;
import org.crossdistill.kernel.Kernels.FeatureMarginOutputs;
import org.crossdistill.kernel.binding.Crossdistill;
import org.junit.jupiter.api.Test;

/** The calls on raw memory, against numbers worked out by hand. */
final class KernelsTest {

  private static final double PRECISE = 1e-15;

  private final DoublePointer loss = new DoublePointer(new double[] {-7});

  @Test
  void featureMarginWithRowsFartherApartThanTheirLength() {
    // Two rows of two columns, stride 3: the third column must not be read or written.
    DoublePointer student = new DoublePointer(3, 4, 1e300, 0, 0, 1e300);
    DoublePointer teacher = new DoublePointer(0, 0, 1e300, 0, 1, 1e300);
    DoublePointer gradient = new DoublePointer(9, 9, 9, 9, 9, 9);
    DoublePointer rows = new DoublePointer(2);
    Kernels.featureMargin(
        inputs(new Matrix(student, 3), new Matrix(teacher, 3), 2),
        new FeatureMarginOutputs(loss, rows, null, new Matrix(gradient, 3), Matrix.NONE, null),
        1);
    // Distances 5 and 1, margin 2: (5 - 2 + 0) / 2. The gradient is (3, 4) / 5 / 2, scaled by 10.
    assertThat(loss.get()).isEqualTo(1.5, within(PRECISE));
    assertThat(values(rows, 2)).containsExactly(3, 0);
    assertThat(values(gradient, 6)).containsExactly(3, 4, 9, 0, 0, 9);
  }

  @Test
  void refusedCallSaysWhyAndWritesNothing() {
    DoublePointer rows = new DoublePointer(1.0, 2.0, 3.0, 4.0);
    assertThatThrownBy(
            () ->
                Kernels.featureMargin(
                    inputs(new Matrix(rows, 2), new Matrix(rows, 2), -1),
                    new FeatureMarginOutputs(loss, null, null, Matrix.NONE, Matrix.NONE, null),
                    1))
        .isInstanceOfSatisfying(
            KernelException.class, e -> assertThat(e.status()).contains(Status.INVALID_ARGUMENT))
        .hasMessageStartingWith("margin: expected")
        .hasMessageContaining("-1");
    assertThat(loss.get()).isEqualTo(-7);
  }

  @Test
  void marginClassifierSumsTheGradientOfTwoRowSets() {
    DoublePointer classifier = new DoublePointer(1.0, 0.0, 0.0, 1.0);
    DoublePointer gradient = new DoublePointer(4);
    DoublePointer first = new DoublePointer(1);
    DoublePointer second = new DoublePointer(1);
    Kernels.marginClassifier(
        softmax(new Matrix(classifier, 2), new Matrix(gradient, 2)),
        List.of(
            rowSet(new DoublePointer(2.0, 0.0), 0, 1, first),
            rowSet(new DoublePointer(0.0, 4.0), 0, 3, second)),
        null,
        1);
    // Logits (2, 0) and (0, 4), both of class 0.
    assertThat(first.get()).isEqualTo(Math.log1p(Math.exp(-2)), within(PRECISE));
    assertThat(second.get()).isEqualTo(Math.log1p(Math.exp(4)), within(PRECISE));
    double p = 1 / (1 + Math.exp(2)); // of class 1 in the first set
    double q = 1 / (1 + Math.exp(-4)); // of class 1 in the second set
    double[] expected = {-p * 2, 3 * -q * 4, p * 2, 3 * q * 4};
    assertThat(values(gradient, 4)).containsExactly(expected, within(1e-14));
  }

  @Test
  void labelOutsideTheClassesNamesTheRow() {
    DoublePointer classifier = new DoublePointer(1.0, 0.0, 0.0, 1.0);
    assertThatThrownBy(
            () ->
                Kernels.marginClassifier(
                    softmax(new Matrix(classifier, 2), Matrix.NONE),
                    List.of(rowSet(new DoublePointer(2.0, 0.0), 2, 1, loss)),
                    null,
                    1))
        .isInstanceOf(KernelException.class)
        .hasMessageContaining("row 0")
        .hasMessageContaining("2");
    assertThat(loss.get()).isEqualTo(-7);
  }

  private static FeatureMarginInputs inputs(Matrix student, Matrix teacher, double margin) {
    return new FeatureMarginInputs(
        DType.F64,
        2,
        2,
        student,
        teacher,
        null,
        Crossdistill.CD_DISTANCE_EUCLIDEAN,
        margin,
        Crossdistill.CD_MEAN,
        10);
  }

  private static Kernels.Classifier softmax(Matrix weight, Matrix gradient) {
    return new Kernels.Classifier(
        DType.F64,
        2,
        2,
        weight,
        null,
        Crossdistill.CD_CLASSIFIER_SOFTMAX,
        1,
        0,
        false,
        Crossdistill.CD_MEAN,
        gradient,
        null);
  }

  private static Kernels.RowSet rowSet(
      DoublePointer embeddings, long label, double gradScale, Pointer loss) {
    return new Kernels.RowSet(
        1,
        new Matrix(embeddings, 2),
        new LongPointer(new long[] {label}),
        null,
        gradScale,
        loss,
        null,
        null,
        Matrix.NONE,
        null);
  }

  private static double[] values(DoublePointer pointer, int count) {
    double[] values = new double[count];
    pointer.get(values);
    return values;
  }
}
