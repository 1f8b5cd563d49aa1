package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
  private static final double EXACT = 1e-14;

  @Test
  void meanAndSampleStandardDeviation() {
    Summary summary = Summary.of(List.of(2., 4., 4., 4., 5., 5., 7., 9.));
    assertThat(summary.count()).isEqualTo(8);
    assertThat(summary.mean()).isEqualTo(5);
    assertThat(summary.std()).isEqualTo(Math.sqrt(32. / 7), within(EXACT));
  }

  @Test
  void theConfidenceIntervalIsStudents() {
    // mean 2, std 1, n 3: 4.302652729749464 · 1/√3.
    Summary summary = Summary.of(List.of(1., 2., 3.));
    assertThat(summary.std()).isEqualTo(1, within(EXACT));
    assertThat(summary.confidenceHalfWidth(.95)).isEqualTo(2.4841377118, within(1e-10));
  }

  @Test
  void differencesArePairedBySeed() {
    Summary difference = Summary.ofDifferences(List.of(.30, .35, .28), List.of(.32, .38, .29));
    assertThat(difference.mean()).isEqualTo(-.02, within(EXACT));
    assertThat(difference.std()).isEqualTo(.01, within(EXACT));
    assertThat(difference.confidenceHalfWidth(.95)).isEqualTo(.024841377118, within(1e-12));
  }

  @Test
  void missingRunsAreLeftOut() {
    Summary summary = Summary.of(List.of(1., Double.NaN, 3.));
    assertThat(summary.count()).isEqualTo(2);
    assertThat(summary.mean()).isEqualTo(2);
    Summary difference =
        Summary.ofDifferences(List.of(1., Double.NaN, 3., 5.), List.of(0., 0., Double.NaN, 1.));
    assertThat(difference.count()).isEqualTo(2);
    assertThat(difference.mean()).isEqualTo(2.5);
  }

  @Test
  void aSingleValueHasNoSpread() {
    Summary summary = Summary.of(List.of(.25));
    assertThat(summary.mean()).isEqualTo(.25);
    assertThat(summary.std()).isNaN();
    assertThat(summary.confidenceHalfWidth(.95)).isNaN();
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> Summary.of(List.of(Double.NaN)))
        .isInstanceOf(EvalException.class)
        .hasMessage("summary: expected at least one value, found none among 1");
    assertThatThrownBy(() -> Summary.ofDifferences(List.of(1.), List.of(1., 2.)))
        .hasMessage("paired difference: expected as many values as the baseline's 2, found 1");
    assertThatThrownBy(() -> Summary.of(List.of(1., 2.)).confidenceHalfWidth(95))
        .hasMessage("confidence: expected 0 < confidence < 1, found 95.0");
  }

  @Test
  void infinityIsNoMeasurement() {
    assertThatThrownBy(() -> Summary.of(List.of(1., Double.POSITIVE_INFINITY)))
        .isInstanceOf(EvalException.class)
        .hasMessage("summary: expected finite values, found Infinity");
  }
}
