package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ResultRowTest {

  @Test
  void gathersRunsBySeed() {
    ResultRow row =
        ResultRow.ofRuns(
            "cmd",
            List.of(
                Map.of(Metric.EER, .3, Metric.MATCHING, .7),
                Map.of(),
                Map.of(Metric.EER, .2, Metric.MATCHING, .6)));
    assertThat(row.seeds()).isEqualTo(3);
    assertThat(row.values()).containsOnlyKeys(Metric.EER, Metric.MATCHING);
    assertThat(row.values().get(Metric.EER)).containsExactly(.3, Double.NaN, .2);
    assertThat(row.summary(Metric.EER).orElseThrow().mean()).isEqualTo(.25);
    assertThat(row.summary(Metric.SHOT1)).isEmpty();
    assertThat(row.onData("emoji").data()).isEqualTo("emoji");
    assertThat(row.onData("emoji").values()).isEqualTo(row.values());
  }

  @Test
  void differencesNeedASeedWithBothNumbers() {
    Summary difference = TestResults.CMD.difference(TestResults.ALONE, Metric.EER).orElseThrow();
    assertThat(difference.mean()).isEqualTo(-.07 / 3, within(1e-15));
    assertThat(TestResults.CMD.difference(TestResults.ALONE, Metric.ZEROSHOT)).isEmpty();
    ResultRow first = row(List.of(.5, Double.NaN));
    ResultRow second = row(List.of(Double.NaN, .5));
    assertThat(first.difference(second, Metric.EER)).isEmpty();
    assertThat(first.difference(first, Metric.EER).orElseThrow().count()).isEqualTo(1);
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(
            () ->
                new ResultRow(
                    "cmd", "", Map.of(Metric.EER, List.of(1.), Metric.SHOT1, List.of(1., 2.))))
        .isInstanceOf(EvalException.class)
        .hasMessage("result row cmd: shot1 has 2 values, expected one for each of 1 seeds");
    assertThatThrownBy(() -> row(List.of(Double.POSITIVE_INFINITY)))
        .hasMessage("result row r: eer holds an infinite value");
    assertThatThrownBy(() -> new ResultRow(" ", "", Map.of()))
        .hasMessage("result row: expected a name, found none");
    assertThatThrownBy(() -> row(List.of(.1)).difference(row(List.of(.1, .2)), Metric.EER))
        .hasMessage("paired difference: expected as many values as the baseline's 2, found 1");
  }

  private static ResultRow row(List<Double> eer) {
    return new ResultRow("r", "", Map.of(Metric.EER, eer));
  }
}
