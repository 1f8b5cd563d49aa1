package org.crossdistill.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Shows a {@link ResultTable} as plain text for the terminal, at most 100 columns wide with the
 * metrics of an open-set experiment, or as Markdown. Both hold ± and arrows, so they are to be
 * written as UTF-8. Lines end in a line feed.
 */
public final class TableFormat {
  private static final int WIDTH = 100;
  private static final String GAP = "  ";
  private static final String NONE = "–";
  private static final String INTERVAL = "  95 % interval";

  private TableFormat() {}

  /** For the terminal: below each compared method its difference to the baseline. */
  public static String plain(ResultTable table) {
    List<List<String>> lines = new ArrayList<>();
    for (ResultRow row : table.rows()) {
      lines.add(line(row.name(), table, metric -> value(row, metric)));
      if (table.compared().contains(row)) {
        ResultRow baseline = table.baselineRow().orElseThrow();
        lines.add(line("  difference", table, m -> spread(row.difference(baseline, m), m)));
        lines.add(line(INTERVAL, table, m -> interval(row.difference(baseline, m), m)));
      }
    }
    if (!table.chance().isEmpty()) {
      lines.add(line("chance", table, metric -> chance(table, metric)));
    }
    lines.removeIf(line -> line.subList(1, line.size()).stream().allMatch(String::isEmpty));
    lines.add(0, line("", table, Metric::heading));
    return "%s\n\n%s\n%s"
        .formatted(
            table.caption(),
            align(lines),
            table.notes().stream().map(note -> note + "\n").collect(Collectors.joining()));
  }

  /** For documents: one table of the values, and one of the differences to the baseline. */
  public static String markdown(ResultTable table) {
    StringBuilder text = new StringBuilder(table.caption()).append("\n\n");
    text.append(head("", table));
    for (ResultRow row : table.rows()) {
      text.append(markdownLine(line(row.name(), table, metric -> value(row, metric))));
    }
    if (!table.chance().isEmpty()) {
      text.append(markdownLine(line("*chance*", table, metric -> chance(table, metric))));
    }
    if (!table.compared().isEmpty()) {
      ResultRow baseline = table.baselineRow().orElseThrow();
      text.append('\n').append(head("difference to " + baseline.name(), table));
      for (ResultRow row : table.compared()) {
        text.append(
            markdownLine(
                line(row.name(), table, m -> spreadAndInterval(row.difference(baseline, m), m))));
      }
    }
    text.append('\n').append(String.join(" ", table.notes())).append('\n');
    return text.toString();
  }

  private static List<String> line(String name, ResultTable table, Function<Metric, String> cell) {
    List<String> line = new ArrayList<>(List.of(name));
    table.columns().forEach(metric -> line.add(cell.apply(metric)));
    return line;
  }

  private static String value(ResultRow row, Metric metric) {
    return row.summary(metric)
        .map(
            summary ->
                metric.format(summary.mean())
                    + (summary.count() == 1 ? "" : " ± " + metric.format(summary.std())))
        .orElse(NONE);
  }

  private static String spread(Optional<Summary> difference, Metric metric) {
    return difference
        .map(
            summary ->
                metric.formatDifference(summary.mean())
                    + (summary.count() == 1 ? "" : " ± " + metric.format(summary.std())))
        .orElse("");
  }

  private static String interval(Optional<Summary> difference, Metric metric) {
    return difference
        .filter(summary -> summary.count() > 1)
        .map(
            summary -> {
              double half = summary.confidenceHalfWidth(ResultTable.CONFIDENCE);
              return "[%s, %s]"
                  .formatted(
                      metric.formatDifference(summary.mean() - half),
                      metric.formatDifference(summary.mean() + half));
            })
        .orElse("");
  }

  private static String spreadAndInterval(Optional<Summary> difference, Metric metric) {
    return difference.isEmpty()
        ? NONE
        : (spread(difference, metric) + " " + interval(difference, metric)).strip();
  }

  private static String chance(ResultTable table, Metric metric) {
    Double chance = table.chance().get(metric);
    return chance == null ? NONE : metric.format(chance);
  }

  /** The first column to the left, the others to the right; a name that is too long is cut. */
  private static String align(List<List<String>> lines) {
    int columns = lines.get(0).size();
    int[] widths = new int[columns];
    int others = 0;
    for (int c = columns - 1; c >= 0; c--) {
      int column = c;
      widths[c] = lines.stream().mapToInt(line -> line.get(column).length()).max().orElseThrow();
      others += c > 0 ? widths[c] + GAP.length() : 0;
    }
    widths[0] = Math.min(widths[0], Math.max(WIDTH - others, INTERVAL.length()));
    StringBuilder text = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder shown = new StringBuilder(leftAligned(line.get(0), widths[0]));
      for (int c = 1; c < columns; c++) {
        shown.append(GAP).append(" ".repeat(widths[c] - line.get(c).length())).append(line.get(c));
      }
      text.append(shown.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private static String leftAligned(String name, int width) {
    return name.length() > width
        ? name.substring(0, width - 1) + "…"
        : name + " ".repeat(width - name.length());
  }

  private static String head(String name, ResultTable table) {
    return markdownLine(line(name, table, Metric::heading))
        + "|---|"
        + "--:|".repeat(table.columns().size())
        + "\n";
  }

  private static String markdownLine(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
