package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MetricTest {

  @Test
  void fractionsAreShownInPercentAndSecondsAsTheyAre() {
    assertThat(Metric.EER.format(.28949)).isEqualTo("28.9");
    assertThat(Metric.SECONDS.format(17.25)).isEqualTo("17.3");
    assertThat(Metric.EER.heading()).isEqualTo("EER ↓");
    assertThat(Metric.MATCHING.heading()).isEqualTo("1:2 matching ↑");
  }

  @Test
  void differencesHaveASignUnlessTheyRoundToZero() {
    assertThat(Metric.EER.formatDifference(-.023)).isEqualTo("−2.3");
    assertThat(Metric.EER.formatDifference(.023)).isEqualTo("+2.3");
    assertThat(Metric.EER.formatDifference(-.0004)).isEqualTo("0.0");
    assertThat(Metric.EER.formatDifference(.0004)).isEqualTo("0.0");
    assertThat(Metric.EER.formatDifference(-.0)).isEqualTo("0.0");
  }

  @Test
  void keysFindTheirMetric() {
    for (Metric metric : Metric.values()) {
      assertThat(Metric.byKey(metric.key())).contains(metric);
    }
    assertThat(Metric.byKey("EER")).isEmpty();
  }
}
