package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.crossdistill.CrossdistillException;
import org.crossdistill.cli.LossCheck.Worst;
import org.crossdistill.data.DType;
import org.crossdistill.data.TensorData;
import org.junit.jupiter.api.Test;

final class LossCheckTest {

  @Test
  void errorIsRelativeToTheLengthOfTheExpectedArray() {
    assertThat(error(of(3, 4), of(3, 4.5))).isEqualTo(0.1, within(1e-15));
  }

  @Test
  void shortArraysCountAsOneHundredth() {
    assertThat(error(of(0, 0), of(0, 1e-5))).isEqualTo(1e-3, within(1e-15));
  }

  @Test
  void notANumberIsRightOnlyWhereItIsExpected() {
    assertThat(error(of(Double.NaN, 1), of(Double.NaN, 1))).isZero();
    assertThat(error(of(1, 1), of(Double.NaN, 1))).isNaN();
    assertThat(error(of(Double.NaN, 1), of(1, 1))).isNaN();
    assertThat(new Worst("x", Double.NaN).within(1e9)).isFalse();
  }

  @Test
  void theWorstArrayIsTold() {
    Worst worst =
        LossCheck.compare(
            Map.of("a", of(1), "b", of(1), "c", of(1)),
            Map.of("a", of(1.5), "b", of(Double.NaN), "c", of(3)));
    assertThat(worst.array()).isEqualTo("b");
  }

  @Test
  void missingAnswersAndOtherShapesAreErrors() {
    assertThatThrownBy(() -> LossCheck.compare(Map.of(), Map.of("a", of(1))))
        .isInstanceOf(CrossdistillException.class)
        .hasMessage("nothing to check: no tensor out.*");
    assertThatThrownBy(() -> LossCheck.compare(Map.of("a", of(1)), Map.of("b", of(1))))
        .isInstanceOf(CrossdistillException.class)
        .hasMessage("out.a: no such answer; there are [b]");
    assertThatThrownBy(() -> LossCheck.compare(Map.of("a", of(1)), Map.of("a", of(1, 2))))
        .isInstanceOf(CrossdistillException.class)
        .hasMessage("out.a: expected F64[1], found F64[2]");
  }

  private static double error(TensorData expected, TensorData answer) {
    return LossCheck.compare(Map.of("a", expected), Map.of("a", answer)).error();
  }

  private static TensorData of(double... values) {
    return TensorData.ofDoubles(DType.F64, values, values.length);
  }
}
