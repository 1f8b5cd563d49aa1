package org.crossdistill.benchmarks;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import org.crossdistill.bench.Machine;
import org.crossdistill.bench.Row;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.ListStatistics;
import org.openjdk.jmh.util.Statistics;

/**
 * The results of JMH as rows, as {@code crossdistill bench kernels} writes them. A sample is the
 * mean time of a call in one iteration. Kernel "call" is the cost of calling; its variant is the
 * layer called. Kernel "method" is a training step of one; its variant says of which, and what of
 * it.
 */
final class Rows {

  static final String CALL = "call";
  static final String METHOD = "method";
  static final String REFERENCE = "reference";
  private static final String CALL_SHAPE = "1x8";

  private final Machine machine;

  Rows(Machine machine) {
    this.machine = machine;
  }

  /** Each with its ratio to the reference. */
  List<Row> of(Collection<RunResult> results) {
    List<Row> rows = results.stream().map(this::of).toList();
    return rows.stream().map(row -> comparedWith(rows, row)).toList();
  }

  /** The same call made from C, of which each sample is the mean of many calls. */
  Row callFromC(List<Double> samples) {
    ListStatistics statistics = new ListStatistics();
    samples.forEach(statistics::addValue);
    return row(CALL, "c", "cpu", CALL_SHAPE, statistics::getPercentile);
  }

  private Row of(RunResult result) {
    BenchmarkParams params = result.getParams();
    String name = params.getBenchmark();
    int method = name.lastIndexOf('.');
    String type = name.substring(name.lastIndexOf('.', method - 1) + 1, method);
    String kernel =
        type.replace("Benchmark", "")
            .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
            .toLowerCase(Locale.ROOT);
    Statistics statistics = result.getPrimaryResult().getStatistics();
    return row(
        kernel,
        Optional.ofNullable(params.getParam("method")).map(of -> of + " ").orElse("")
            + name.substring(method + 1),
        Optional.ofNullable(params.getParam("via")).orElse("cpu"),
        Optional.ofNullable(params.getParam("shape")).orElse(CALL_SHAPE),
        statistics::getPercentile);
  }

  private Row row(
      String kernel, String variant, String backend, String shape, IntToDoubleFunction percentile) {
    double median = percentile.applyAsDouble(50);
    double spread = (percentile.applyAsDouble(80) - percentile.applyAsDouble(20)) / median;
    int threads = kernel.equals(CALL) ? 1 : machine.kernelThreads();
    return Row.timed(kernel, variant, backend, shape, "f32", threads, median, spread, machine);
  }

  private static Row comparedWith(List<Row> rows, Row row) {
    return row.backend().equals(REFERENCE)
        ? row
        : referenceOf(rows, row)
            .map(reference -> row.comparedWith(reference.medianNs()))
            .orElse(row);
  }

  /** The row of the composition at the same shape. */
  static Optional<Row> referenceOf(List<Row> rows, Row row) {
    return rows.stream()
        .filter(other -> other.backend().equals(REFERENCE))
        .filter(other -> other.kernel().equals(row.kernel()))
        .filter(other -> other.variant().equals(row.variant()))
        .filter(other -> other.shape().equals(row.shape()))
        .findFirst();
  }
}
