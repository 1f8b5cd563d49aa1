package org.crossdistill.eval;

import java.util.List;
import java.util.Map;

/** Made-up results of three methods over three seeds, with the gaps that occur. */
final class TestResults {
  static final ResultRow ALONE =
      new ResultRow(
          "student-alone",
          "",
          Map.of(
              Metric.EER, List.of(.31, .30, .32),
              Metric.SHOT5, List.of(.36, .37, .35),
              Metric.SECONDS, List.of(18.25, 17.5, 18.)));
  static final ResultRow CMD =
      new ResultRow(
          "cmd",
          "",
          Map.of(
              Metric.EER, List.of(.29, .28, .29),
              Metric.SHOT5, List.of(.38, .40, .36),
              Metric.ZEROSHOT, List.of(.22, .23, .21),
              Metric.SECONDS, List.of(21., 22., 23.)));
  static final ResultRow SHUFFLED =
      new ResultRow(
          "cmd-shuffled",
          "",
          Map.of(
              Metric.EER, List.of(.31, Double.NaN, .31),
              Metric.SHOT5, List.of(.36, Double.NaN, .35),
              Metric.ZEROSHOT, List.of(.04, Double.NaN, .03)));
  static final List<ResultRow> ROWS = List.of(ALONE, CMD, SHUFFLED);

  private TestResults() {}
}
