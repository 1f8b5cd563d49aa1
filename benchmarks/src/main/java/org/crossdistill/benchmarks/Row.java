package org.crossdistill.benchmarks;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.ListStatistics;
import org.openjdk.jmh.util.Statistics;

/**
 * What was measured of one kernel at one shape.
 *
 * @param kernel "feature-margin", "margin-classifier", "quality-weights", or "call"
 * @param variant the distance, kind or mode; of "call" the layer called
 * @param backend "cpu" or "reference"
 * @param shape B x D or B x C x D
 * @param dtype of the embeddings
 * @param medianNs median over the iterations of the mean time of a call, in nanoseconds
 * @param spread (80th - 20th percentile of the same) / median
 * @param speedupVsReference median of the reference at this shape in this run / median; null where
 *     there is none
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record Row(
    String kernel,
    String variant,
    String backend,
    String shape,
    String dtype,
    double medianNs,
    double spread,
    @JsonProperty("speedup_vs_reference") Double speedupVsReference) {

  static final String CALL = "call";
  static final String REFERENCE = "reference";
  private static final String CALL_SHAPE = "1x8";

  /** The rows of a JMH run, each with its ratio to the reference. */
  static List<Row> of(Collection<RunResult> results) {
    List<Row> rows = results.stream().map(Row::of).toList();
    return rows.stream().map(row -> row.comparedWith(rows)).toList();
  }

  private static Row of(RunResult result) {
    BenchmarkParams params = result.getParams();
    String name = params.getBenchmark();
    int method = name.lastIndexOf('.');
    String type = name.substring(name.lastIndexOf('.', method - 1) + 1, method);
    String kernel =
        type.replace("Benchmark", "")
            .replaceAll("(?<=[a-z])(?=[A-Z])", "-")
            .toLowerCase(Locale.ROOT);
    Statistics statistics = result.getPrimaryResult().getStatistics();
    return measured(
        kernel,
        name.substring(method + 1),
        Optional.ofNullable(params.getParam("via")).orElse("cpu"),
        Optional.ofNullable(params.getParam("shape")).orElse(CALL_SHAPE),
        statistics::getPercentile);
  }

  /** The same call made from C, of which each sample is the mean of many calls. */
  static Row callFromC(List<Double> samples) {
    ListStatistics statistics = new ListStatistics();
    samples.forEach(statistics::addValue);
    return measured(CALL, "c", "cpu", CALL_SHAPE, statistics::getPercentile);
  }

  private static Row measured(
      String kernel, String variant, String backend, String shape, IntToDoubleFunction percentile) {
    double median = percentile.applyAsDouble(50);
    double spread = (percentile.applyAsDouble(80) - percentile.applyAsDouble(20)) / median;
    return new Row(kernel, variant, backend, shape, "f32", median, spread, null);
  }

  private Row comparedWith(List<Row> rows) {
    Double speedup =
        rows.stream()
            .filter(row -> row.backend.equals(REFERENCE) && !backend.equals(REFERENCE))
            .filter(row -> row.kernel.equals(kernel) && row.variant.equals(variant))
            .filter(row -> row.shape.equals(shape))
            .findFirst()
            .map(row -> row.medianNs / medianNs)
            .orElse(null);
    return new Row(kernel, variant, backend, shape, dtype, medianNs, spread, speedup);
  }
}
