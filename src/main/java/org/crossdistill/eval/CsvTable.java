package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Result tables as CSV (RFC 4180, but for lines that end in a line feed): one line for each data
 * set, row and metric. Numbers are those of {@code summary.json}, fractions and seconds; what is
 * not there is empty.
 */
public final class CsvTable {
  private static final String HEAD =
      "data,name,metric,runs,mean,std,difference,difference_std,difference_low,difference_high\n";

  private CsvTable() {}

  /** Metrics in the order of each table's columns. */
  public static String of(List<ResultTable> tables) {
    StringBuilder text = new StringBuilder(HEAD);
    for (ResultTable table : tables) {
      for (ResultRow row : table.rows()) {
        for (Metric metric : table.columns()) {
          row.summary(metric).ifPresent(summary -> text.append(line(table, row, metric, summary)));
        }
      }
    }
    return text.toString();
  }

  private static String line(ResultTable table, ResultRow row, Metric metric, Summary summary) {
    List<String> cells = new ArrayList<>(List.of(row.data(), row.name(), metric.key()));
    cells.add(Integer.toString(summary.count()));
    cells.add(number(summary.mean()));
    cells.add(number(summary.std()));
    Optional<Summary> difference =
        table.compared().contains(row)
            ? table.baselineRow().flatMap(baseline -> row.difference(baseline, metric))
            : Optional.empty();
    double mean = difference.map(Summary::mean).orElse(Double.NaN);
    double half =
        difference.map(d -> d.confidenceHalfWidth(ResultTable.CONFIDENCE)).orElse(Double.NaN);
    cells.add(number(mean));
    cells.add(number(difference.map(Summary::std).orElse(Double.NaN)));
    cells.add(number(mean - half));
    cells.add(number(mean + half));
    return cells.stream().map(CsvTable::quoted).collect(Collectors.joining(",")) + "\n";
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.6f", value);
  }

  private static String quoted(String cell) {
    return cell.matches("(?s).*[\",\r\n].*") ? '"' + cell.replace("\"", "\"\"") + '"' : cell;
  }
}
