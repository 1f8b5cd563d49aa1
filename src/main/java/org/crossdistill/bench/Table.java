package org.crossdistill.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Rows as a table in Markdown whose columns stand below each other: for the terminal as well. */
public final class Table {

  private static final List<String> HEAD =
      List.of(
          "kernel",
          "shape",
          "type",
          "threads",
          "ISA",
          "time",
          "±",
          "rate",
          "of limit",
          "LibTorch",
          "ratio",
          "error",
          "LibTorch's",
          "extra memory",
          "LibTorch's");

  private static final int LEFT_COLUMNS = 2;
  private static final String NONE = "–";
  private static final String NOTES =
      """
      time: median of a call, value and gradients. ±: half the distance from the 20th to the 80th
      percentile. of limit: GFLOP/s of the measured peak of multiply-adds (of the type), GB/s of a
      measured loop that reads two arrays and writes two in memory (caches can beat it). LibTorch:
      the composition of its operators, forward and backward, on as many threads. error: norm of
      the gradients' error against the kernel in f64 / their norm. extra memory: peak beyond inputs
      and outputs, to about 1 MB.
      """;

  private Table() {}

  /** The machine, an empty line, the table, an empty line and what the columns mean. */
  public static String of(Machine machine, List<Row> rows) {
    List<List<String>> lines = new ArrayList<>(List.of(HEAD));
    rows.forEach(row -> lines.add(line(row)));
    List<Integer> widths = new ArrayList<>();
    for (int c = 0; c < HEAD.size(); c++) {
      int column = c;
      widths.add(lines.stream().mapToInt(line -> line.get(column).length()).max().orElseThrow());
    }
    StringBuilder text = new StringBuilder(machine.describe()).append('\n');
    text.append(aligned(HEAD, widths)).append(rule(widths));
    lines.subList(1, lines.size()).forEach(line -> text.append(aligned(line, widths)));
    return text.append('\n').append(NOTES).toString();
  }

  private static List<String> line(Row row) {
    return List.of(
        row.kernel() + " " + row.variant(),
        row.shape(),
        row.dtype(),
        String.valueOf(row.threads()),
        row.isa(),
        time(row.medianNs()),
        String.format(Locale.ROOT, "%.0f %%", 50 * row.spread()),
        rate(row),
        row.rooflineShare() == null ? NONE : number("%.2f", row.rooflineShare()),
        row.referenceMedianNs() == null ? NONE : time(row.referenceMedianNs()),
        row.speedupVsReference() == null ? NONE : number("%.1f×", row.speedupVsReference()),
        number("%.1e", row.errorVsF64()),
        number("%.1e", row.referenceErrorVsF64()),
        megabytes(row.extraBytes()),
        megabytes(row.referenceExtraBytes()));
  }

  private static String number(String format, Double value) {
    return value == null ? NONE : String.format(Locale.ROOT, format, value);
  }

  private static String megabytes(Long bytes) {
    return bytes == null ? NONE : String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6);
  }

  private static String rate(Row row) {
    if (row.flops() != null) {
      return number("%.0f GFLOP/s", row.flops() / row.medianNs());
    }
    return row.bytes() == null ? NONE : number("%.1f GB/s", row.bytes() / row.medianNs());
  }

  /** Such as "1.23 ms". */
  public static String time(double nanoseconds) {
    double value = Math.abs(nanoseconds);
    if (value < 1e3) {
      return String.format(Locale.ROOT, "%.1f ns", nanoseconds);
    }
    if (value < 1e6) {
      return String.format(Locale.ROOT, "%.1f µs", nanoseconds / 1e3);
    }
    return value < 1e9
        ? String.format(Locale.ROOT, "%.2f ms", nanoseconds / 1e6)
        : String.format(Locale.ROOT, "%.2f s", nanoseconds / 1e9);
  }

  private static String aligned(List<String> cells, List<Integer> widths) {
    List<String> padded = new ArrayList<>();
    for (int c = 0; c < cells.size(); c++) {
      String blanks = " ".repeat(widths.get(c) - cells.get(c).length());
      padded.add(c < LEFT_COLUMNS ? cells.get(c) + blanks : blanks + cells.get(c));
    }
    return padded.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  private static String rule(List<Integer> widths) {
    List<String> dashes = new ArrayList<>();
    for (int c = 0; c < widths.size(); c++) {
      boolean left = c < LEFT_COLUMNS;
      dashes.add("-".repeat(widths.get(c) + (left ? 2 : 1)) + (left ? "" : ":"));
    }
    return dashes.stream().collect(Collectors.joining("|", "|", "|\n"));
  }
}
