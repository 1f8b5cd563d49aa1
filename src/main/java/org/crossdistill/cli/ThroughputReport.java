package org.crossdistill.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.crossdistill.train.Throughput.Row;

/** What the steps of all arms cost beside those of the student alone. */
record ThroughputReport(List<Row> rows) {

  private static final String BASELINE = "student-alone";

  private Optional<Row> alone(Row row) {
    return rows.stream()
        .filter(other -> other.data().equals(row.data()) && other.arm().equals(BASELINE))
        .findFirst();
  }

  /** One table; overhead, extra passes and losses are differences to the student alone. */
  String markdown() {
    StringBuilder text =
        new StringBuilder(
            "| data | arm | steps/s | × student-alone | ms a step | overhead ms |"
                + " of it extra passes ms | of it losses ms | ± |\n"
                + "|---|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for (Row row : rows) {
      text.append(
          "| %s | %s | %.1f | %s | %.2f | %s | %s | %s | %s |%n"
              .formatted(
                  row.data(),
                  row.arm(),
                  row.stepsPerSecond(),
                  alone(row).map(a -> "%.2f".formatted(a.step() / row.step())).orElse("–"),
                  row.step(),
                  alone(row).map(a -> signed(row.overhead(a).median())).orElse("–"),
                  alone(row).map(a -> signed(row.passes(a).median())).orElse("–"),
                  alone(row).map(a -> signed(row.losses(a).median())).orElse("–"),
                  alone(row).map(a -> "%.2f".formatted(row.losses(a).spread())).orElse("–")));
    }
    return text.toString();
  }

  private static String signed(double milliseconds) {
    return "%+.2f".formatted(milliseconds).replace('-', '−');
  }

  /** One object a row; what is taken against the student alone is null where that is no arm. */
  List<Map<String, Object>> json() {
    return rows.stream().map(this::json).toList();
  }

  private Map<String, Object> json(Row row) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("data", row.data());
    json.put("name", row.arm());
    json.put("steps-per-second", row.stepsPerSecond());
    json.put("step-ms", row.steps());
    json.put("networks-ms", row.networks());
    json.put("overhead-ms", alone(row).map(a -> row.overhead(a).median()).orElse(null));
    json.put("passes-ms", alone(row).map(a -> row.passes(a).median()).orElse(null));
    json.put("losses-ms", alone(row).map(a -> row.losses(a).median()).orElse(null));
    return json;
  }
}
