package org.crossdistill.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table in Markdown whose columns stand below each other: for the terminal as well. */
final class MarkdownTable {

  private MarkdownTable() {}

  /**
   * The table.
   *
   * @param rows the first is the head; all of one length
   * @param left how many columns, the first ones, go to the left; the others go to the right
   */
  static String of(List<List<String>> rows, int left) {
    int[] widths =
        IntStream.range(0, rows.get(0).size())
            .map(c -> rows.stream().mapToInt(row -> row.get(c).length()).max().orElseThrow())
            .map(width -> Math.max(width, 3))
            .toArray();
    StringBuilder text = new StringBuilder(line(rows.get(0), widths, left));
    List<String> rule = new ArrayList<>();
    for (int c = 0; c < widths.length; c++) {
      rule.add(c < left ? "-".repeat(widths[c]) : "-".repeat(widths[c] - 1) + ":");
    }
    text.append(line(rule, widths, left));
    rows.subList(1, rows.size()).forEach(row -> text.append(line(row, widths, left)));
    return text.toString();
  }

  private static String line(List<String> cells, int[] widths, int left) {
    return IntStream.range(0, cells.size())
        .mapToObj(
            c -> {
              String blanks = " ".repeat(widths[c] - cells.get(c).length());
              return c < left ? cells.get(c) + blanks : blanks + cells.get(c);
            })
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
