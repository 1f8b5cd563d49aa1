package org.crossdistill.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A run's numbers, for people as a table and for programs as JSON. */
record Report(Machine machine, boolean quick, List<Row> rows) {

  /** Writes the JSON beside {@code file} first, so that no half of it is ever seen. */
  void writeJson(Path file) throws IOException {
    Path target = file.toAbsolutePath();
    Path part = target.resolveSibling(target.getFileName() + ".part");
    new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(part.toFile(), this);
    Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
  }

  void print(PrintStream out) {
    out.printf(
        "%s, %d cores, kernels on %s with %d threads%n",
        machine.cpu(), machine.cores(), machine.isa(), machine.kernelThreads());
    out.printf(
        "%s, LibTorch %s with %d threads, crossdistill %s at %s, %s%n",
        machine.jdk(),
        machine.libtorch(),
        machine.libtorchThreads(),
        machine.crossdistill(),
        machine.commit(),
        machine.date());
    printCalls(out);
    printKernels(out);
    out.println("±: half the distance from the 20th to the 80th percentile.");
  }

  private void printCalls(PrintStream out) {
    List<Row> calls = rows.stream().filter(row -> row.kernel().equals(Row.CALL)).toList();
    if (calls.isEmpty()) {
      return;
    }
    Optional<Row> fromC = calls.stream().filter(row -> row.variant().equals("c")).findFirst();
    out.printf("%n%-42s %12s %6s %12s%n", "feature loss of 1 x 8, f32", "median", "±", "over C");
    for (Row row : calls) {
      String over =
          fromC
              .filter(c -> !row.variant().equals("c") && !row.variant().equals("empty"))
              .map(c -> time(row.medianNs() - c.medianNs()))
              .orElse("");
      out.printf("%-42s %12s %6s %12s%n", title(row), time(row.medianNs()), percent(row), over);
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
      Row reference = referenceOf(row);
      out.printf(
          Locale.ROOT,
          "%-30s %-14s %10s %6s %12s %6s %7.1fx%n",
          row.kernel() + " " + row.variant(),
          row.shape(),
          time(row.medianNs()),
          percent(row),
          time(reference.medianNs()),
          percent(reference),
          row.speedupVsReference());
    }
  }

  private Row referenceOf(Row row) {
    return rows.stream()
        .filter(other -> other.backend().equals(Row.REFERENCE))
        .filter(other -> other.kernel().equals(row.kernel()))
        .filter(other -> other.variant().equals(row.variant()))
        .filter(other -> other.shape().equals(row.shape()))
        .findFirst()
        .orElseThrow();
  }

  private static String percent(Row row) {
    return String.format(Locale.ROOT, "%.0f %%", 50 * row.spread());
  }

  private static String time(double nanoseconds) {
    double value = Math.abs(nanoseconds);
    if (value < 1e3) {
      return String.format(Locale.ROOT, "%.1f ns", nanoseconds);
    }
    return value < 1e6
        ? String.format(Locale.ROOT, "%.1f us", nanoseconds / 1e3)
        : String.format(Locale.ROOT, "%.2f ms", nanoseconds / 1e6);
  }
}
