package org.crossdistill.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.crossdistill.eval.Summary;
import org.crossdistill.train.ProbeRow;

/** What probes found, seed by seed, as tables in Markdown or as JSON. */
final class ProbeReport {

  /** One row of one arm: for each column the values, one a seed. */
  private record Line(String arm, String name, Map<String, List<Double>> values) {

    /** With null for what a row does not have. */
    Map<String, List<Double>> known() {
      Map<String, List<Double>> known = new LinkedHashMap<>();
      values.forEach(
          (column, all) ->
              known.put(column, all.stream().map(value -> value.isNaN() ? null : value).toList()));
      return known;
    }
  }

  private final List<Line> lines = new ArrayList<>();
  private final Map<String, List<Long>> seeds = new LinkedHashMap<>();

  /** Adds what was found with one seed. */
  void add(String arm, long seed, List<ProbeRow> rows) {
    seeds.computeIfAbsent(arm, any -> new ArrayList<>()).add(seed);
    for (ProbeRow row : rows) {
      Line line = line(arm, row.name());
      row.values()
          .forEach(
              (column, value) ->
                  line.values.computeIfAbsent(column, any -> new ArrayList<>()).add(value));
    }
  }

  private Line line(String arm, String name) {
    return lines.stream()
        .filter(line -> line.arm.equals(arm) && line.name.equals(name))
        .findFirst()
        .orElseGet(
            () -> {
              lines.add(new Line(arm, name, new LinkedHashMap<>()));
              return lines.get(lines.size() - 1);
            });
  }

  /** One JSON object: the values of each arm, row and column, one a seed, as fractions. */
  String json() {
    Map<String, Object> all = new LinkedHashMap<>();
    for (String arm : seeds.keySet()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("seeds", seeds.get(arm));
      Map<String, Object> rows = new LinkedHashMap<>();
      lines.stream().filter(l -> l.arm.equals(arm)).forEach(l -> rows.put(l.name, l.known()));
      one.put("rows", rows);
      all.put(arm, one);
    }
    return Json.line(all) + "\n";
  }

  /** A table for all arms that were measured in the same way; in %. */
  String tables() {
    Map<List<String>, List<Line>> byColumns = new LinkedHashMap<>();
    for (Line line : lines) {
      byColumns
          .computeIfAbsent(List.copyOf(line.values.keySet()), any -> new ArrayList<>())
          .add(line);
    }
    return byColumns.entrySet().stream()
            .map(table -> table(table.getKey(), table.getValue()))
            .collect(Collectors.joining("\n"))
        + "\nIn %: mean ± standard deviation over the seeds.\n";
  }

  private static String table(List<String> columns, List<Line> lines) {
    List<List<String>> cells = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("", ""));
    head.addAll(columns);
    cells.add(head);
    for (Line line : lines) {
      List<String> row = new ArrayList<>(List.of(line.arm, line.name));
      columns.forEach(column -> row.add(cell(line.values.get(column))));
      cells.add(row);
    }
    return MarkdownTable.of(cells, 2);
  }

  private static String cell(List<Double> values) {
    if (values.stream().allMatch(value -> value.isNaN())) {
      return "–";
    }
    Summary summary = Summary.of(values);
    String mean = String.format(Locale.ROOT, "%.1f", 100 * summary.mean());
    return summary.count() == 1
        ? mean
        : mean + String.format(Locale.ROOT, " ± %.1f", 100 * summary.std());
  }
}
