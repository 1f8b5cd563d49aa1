package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TableFormatTest {
  private static final ResultTable TABLE =
      new ResultTable(
          "Unseen classes",
          TestResults.ROWS,
          List.of(Metric.EER, Metric.SHOT5, Metric.ZEROSHOT),
          "student-alone",
          OpenSet.chance(25));

  @Test
  void plainTextForTheTerminal() {
    assertThat(TableFormat.plain(TABLE))
        .isEqualTo(
            """
            Unseen classes: mean ± standard deviation over up to 3 seeds, in %

                                    EER ↓      5-shot ↑  zero-shot ↑
            student-alone      31.0 ± 1.0    36.0 ± 1.0            –
            cmd                28.7 ± 0.6    38.0 ± 2.0   22.0 ± 1.0
              difference       −2.3 ± 0.6    +2.0 ± 1.0
              95 % interval  [−3.8, −0.9]  [−0.5, +4.5]
            cmd-shuffled       31.0 ± 0.0    35.5 ± 0.7    3.5 ± 0.7
              difference       −0.5 ± 0.7     0.0 ± 0.0
              95 % interval  [−6.9, +5.9]    [0.0, 0.0]
            chance                   50.0           4.0          4.0

            EER: all pairs of examples by cosine, interpolated between distinct scores.
            Differences are paired by seed, to student-alone, over the seeds that both have; 95 % intervals by Student's t.
            Fewer than 3 seeds: cmd-shuffled 2.
            """);
  }

  @Test
  void markdownForDocuments() {
    ResultTable table =
        new ResultTable(
            "Unseen classes",
            List.of(TestResults.ALONE, TestResults.CMD),
            List.of(Metric.SHOT5, Metric.ZEROSHOT, Metric.SECONDS),
            "student-alone",
            Map.of());
    assertThat(TableFormat.markdown(table))
        .isEqualTo(
            """
            Unseen classes: mean ± standard deviation over 3 seeds, fractions in %

            |  | 5-shot ↑ | zero-shot ↑ | seconds ↓ |
            |---|--:|--:|--:|
            | student-alone | 36.0 ± 1.0 | – | 17.9 ± 0.4 |
            | cmd | 38.0 ± 2.0 | 22.0 ± 1.0 | 22.0 ± 1.0 |

            | difference to student-alone | 5-shot ↑ | zero-shot ↑ | seconds ↓ |
            |---|--:|--:|--:|
            | cmd | +2.0 ± 1.0 [−0.5, +4.5] | – | +4.1 ± 1.2 [+1.1, +7.0] |

            Differences are paired by seed, to student-alone; 95 % intervals by Student's t.
            """);
  }

  @Test
  void saysOnceForEachMethodHowManySeedsAreDone() {
    double none = Double.NaN;
    ResultRow all = accuracies("alone", .5, .6, .7);
    ResultRow some = accuracies("cmd", .5, none, none);
    ResultRow nothing = new ResultRow("kd", "", Map.of());
    ResultRow part =
        new ResultRow(
            "at",
            "",
            Map.of(
                Metric.ACCURACY, List.of(.1, .2, none), Metric.SECONDS, List.of(1., none, none)));
    List<Metric> columns = List.of(Metric.ACCURACY, Metric.SECONDS);
    ResultTable table =
        new ResultTable("T", List.of(all, some, nothing, part), columns, "alone", Map.of());
    assertThat(table.caption()).startsWith("T: mean ± standard deviation over up to 3 seeds");
    assertThat(table.notes())
        .containsExactly(
            "Differences are paired by seed, to alone, over the seeds that both have;"
                + " 95 % intervals by Student's t.",
            "Fewer than 3 seeds: cmd 1, kd 0, at 2 (seconds 1).");
  }

  @Test
  void aCaptionCountsTheSeedsThatAreDone() {
    double none = Double.NaN;
    assertThat(caption(accuracies("a", .5, .6, none), accuracies("b", .5, .7, none)))
        .isEqualTo("T: mean ± standard deviation over 2 of 3 seeds, in %");
    assertThat(caption(accuracies("a", .5, .6, none), accuracies("b", .5, none, none)))
        .isEqualTo("T: mean ± standard deviation over up to 2 of 3 seeds, in %");
    assertThat(caption(accuracies("a", .5, none, none), accuracies("b", none, none, none)))
        .isEqualTo("T: one seed of 3, in %");
  }

  private static String caption(ResultRow... rows) {
    return new ResultTable("T", List.of(rows), List.of(Metric.ACCURACY), "", Map.of()).caption();
  }

  @Test
  void oneSeedHasNoSpreadAndNoInterval() {
    ResultTable table =
        new ResultTable(
            "Test",
            List.of(accuracies("alone", .5), accuracies("cmd", .625)),
            List.of(Metric.ACCURACY),
            "alone",
            Map.of());
    assertThat(TableFormat.plain(table))
        .isEqualTo(
            """
            Test: one seed, in %

                          accuracy ↑
            alone               50.0
            cmd                 62.5
              difference       +12.5

            Differences are paired by seed, to alone; 95 % intervals by Student's t.
            """);
  }

  @Test
  void withoutABaselineThereAreNoDifferences() {
    ResultTable table = new ResultTable("T", TestResults.ROWS, List.of(Metric.SHOT5), "", Map.of());
    assertThat(TableFormat.plain(table)).doesNotContain("difference", "interval", "chance");
    assertThat(TableFormat.markdown(table)).doesNotContain("difference", "interval", "chance");
  }

  @Test
  void staysWithin100ColumnsWithLongNamesAndAllOpenSetMetrics() {
    List<Double> values = List.of(.95, .85, .99);
    Map<Metric, List<Double>> all =
        Map.of(
            Metric.EER, values,
            Metric.SHOT1, values,
            Metric.SHOT5, values,
            Metric.ZEROSHOT, values,
            Metric.MATCHING, values);
    List<Double> low = List.of(.11, .12, .22);
    Map<Metric, List<Double>> others =
        Map.of(Metric.EER, low, Metric.SHOT1, low, Metric.SHOT5, low);
    String name = "cmd-with-a-name-of-many-words-and-options";
    String text =
        TableFormat.plain(
            new ResultTable(
                "Unseen classes",
                List.of(new ResultRow("alone", "", others), new ResultRow(name, "", all)),
                Metric.OPEN_SET,
                "alone",
                Map.of()));
    assertThat(text.lines()).allMatch(line -> line.length() <= 100);
    assertThat(text).contains("\ncmd-with-a-name-of-man…  ");
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(
            () -> new ResultTable("T", TestResults.ROWS, Metric.OPEN_SET, "none", Map.of()))
        .isInstanceOf(EvalException.class)
        .hasMessage("table \"T\": no row is named none, the baseline");
    assertThatThrownBy(
            () -> new ResultTable("T", Collections.emptyList(), Metric.OPEN_SET, "", Map.of()))
        .hasMessage("table \"T\": expected rows and columns, found 0 and 5");
  }

  private static ResultRow accuracies(String name, double... values) {
    return new ResultRow(name, "", Map.of(Metric.ACCURACY, Arrays.stream(values).boxed().toList()));
  }
}
