package org.crossdistill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class SamplesTest {

  private static Samples of(double... values) {
    Samples samples = new Samples();
    for (double value : values) {
      samples.add(value);
    }
    return samples;
  }

  @Test
  void theMiddleOneCountsAndOutliersDoNot() {
    assertThat(of(3, 1, 1000, 2, 4).median()).isEqualTo(3);
    assertThat(of(4, 1).median()).isEqualTo(2.5);
    assertThat(of(7).median()).isEqualTo(7);
    assertThat(of(7, 9).last()).isEqualTo(9);
  }

  @Test
  void spreadIsBetweenTheOuterFifths() {
    // Of 0 … 100 the quantiles are the numbers themselves.
    Samples samples = new Samples();
    for (int i = 100; i >= 0; i--) {
      samples.add(i);
    }
    assertThat(samples.count()).isEqualTo(101);
    assertThat(samples.spread()).isEqualTo((80.0 - 20.0) / 50.0);
    assertThat(of(5).spread()).isZero();
  }

  @Test
  void nothingMeasuredIsNull() {
    assertThat(new Samples().medianOrNull()).isNull();
    assertThat(of(2).medianOrNull()).isEqualTo(2);
  }
}
