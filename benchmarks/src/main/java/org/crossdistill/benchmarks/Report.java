package org.crossdistill.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.crossdistill.bench.Machine;
import org.crossdistill.bench.Row;
import org.crossdistill.bench.Table;
import org.crossdistill.data.AtomicFiles;

/** A run's numbers, for people as tables and for programs as a list of rows in JSON. */
record Report(Machine machine, List<Row> rows) {

  void writeJson(Path file) {
    ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    AtomicFiles.write(file, out -> out.write(json.writeValueAsBytes(rows)));
  }

  void print(PrintStream out) {
    out.print(machine.describe());
    printCalls(out);
    printKernels(out);
    printMethods(out);
    out.println("±: half the distance from the 20th to the 80th percentile.");
  }

  private void printCalls(PrintStream out) {
    List<Row> calls = rows.stream().filter(row -> row.kernel().equals(Rows.CALL)).toList();
    if (calls.isEmpty()) {
      return;
    }
    Optional<Row> fromC = calls.stream().filter(row -> row.variant().equals("c")).findFirst();
    out.printf("%n%-42s %12s %6s %12s%n", "feature loss of 1 x 8, f32", "median", "±", "over C");
    for (Row row : calls) {
      String over =
          fromC
              .filter(c -> !row.variant().equals("c") && !row.variant().equals("empty"))
              .map(c -> Table.time(row.medianNs() - c.medianNs()))
              .orElse("");
      out.printf(
          "%-42s %12s %6s %12s%n", title(row), Table.time(row.medianNs()), percent(row), over);
    }
  }

  private static String title(Row call) {
    return switch (call.variant()) {
      case "empty" -> "Java: a C function that does nothing";
      case "c" -> "C: cd_feature_margin";
      case "binding" -> "Java: Crossdistill.cd_feature_margin";
      case "kernels" -> "Java: Kernels.featureMargin";
      default -> "Java: SoftMarginFeatureLoss on tensors";
    };
  }

  private void printKernels(PrintStream out) {
    List<Row> compared = rows.stream().filter(row -> row.speedupVsReference() != null).toList();
    if (compared.isEmpty()) {
      return;
    }
    out.printf(
        "%n%-30s %-14s %10s %6s %12s %6s %8s%n",
        "loss and gradients, f32", "shape", "kernel", "±", "reference", "±", "ratio");
    for (Row row : compared) {
      Row reference = Rows.referenceOf(rows, row).orElseThrow();
      out.printf(
          Locale.ROOT,
          "%-30s %-14s %10s %6s %12s %6s %7.1fx%n",
          row.kernel() + " " + row.variant(),
          row.shape(),
          Table.time(row.medianNs()),
          percent(row),
          Table.time(reference.medianNs()),
          percent(reference),
          row.speedupVsReference());
    }
  }

  /** What a method adds to the student alone, and how much of it the passes of its networks are. */
  private void printMethods(PrintStream out) {
    List<Row> methods = rows.stream().filter(row -> row.kernel().equals(Rows.METHOD)).toList();
    Optional<Row> alone = named(methods, "none step");
    Optional<Row> passesAlone = named(methods, "none passes");
    if (alone.isEmpty() || passesAlone.isEmpty()) {
      return;
    }
    out.printf(
        "%n%-12s %-18s %10s %6s %12s %12s%n",
        "a step of", "shape", "time", "±", "over none", "passes");
    for (Row step : methods) {
      if (step.variant().endsWith(" step")) {
        Row passes = named(methods, step.variant().replace(" step", " passes")).orElseThrow();
        out.printf(
            "%-12s %-18s %10s %6s %12s %12s%n",
            step.variant().replace(" step", ""),
            step.shape(),
            Table.time(step.medianNs()),
            percent(step),
            Table.time(step.medianNs() - alone.get().medianNs()),
            Table.time(passes.medianNs() - passesAlone.get().medianNs()));
      }
    }
  }

  private static Optional<Row> named(List<Row> rows, String variant) {
    return rows.stream().filter(row -> row.variant().equals(variant)).findFirst();
  }

  private static String percent(Row row) {
    return String.format(Locale.ROOT, "%.0f %%", 50 * row.spread());
  }
}
