package org.crossdistill.benchmarks;

import java.io.PrintStream;
import java.util.Collection;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.format.OutputFormat;

/** Says which benchmark runs, and passes on what JMH prints only where a benchmark failed. */
final class Progress implements OutputFormat {
  private final PrintStream out;
  private final StringBuilder said = new StringBuilder();

  Progress(PrintStream out) {
    this.out = out;
  }

  @Override
  public void startBenchmark(BenchmarkParams params) {
    String name = params.getBenchmark().replace(Main.class.getPackageName() + ".", "");
    StringBuilder line = new StringBuilder("measuring ").append(name);
    params.getParamsKeys().forEach(key -> line.append(' ').append(params.getParam(key)));
    out.println(line);
    said.setLength(0);
  }

  @Override
  public void endBenchmark(BenchmarkResult result) {
    if (result == null) {
      out.print(said);
    }
  }

  @Override
  public void println(String text) {
    said.append(text).append('\n');
  }

  @Override
  public void print(String text) {
    said.append(text);
  }

  @Override
  public void write(int character) {
    said.append((char) character);
  }

  @Override
  public void write(byte[] bytes) {
    for (byte character : bytes) {
      write(character);
    }
  }

  @Override
  public void iteration(BenchmarkParams params, IterationParams iteration, int number) {}

  @Override
  public void iterationResult(
      BenchmarkParams params, IterationParams iteration, int number, IterationResult result) {}

  @Override
  public void startRun() {}

  @Override
  public void endRun(Collection<RunResult> results) {}

  @Override
  public void verbosePrintln(String text) {}

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
