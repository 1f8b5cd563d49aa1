package org.crossdistill.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.crossdistill.bench.Machine;
import org.crossdistill.bench.Row;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Backends;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the benchmarks: the table goes to standard output, progress to standard error. */
@Command(
    name = "benchmarks/run",
    mixinStandardHelpOptions = true,
    description = "Measures the cost of a call and each loss against its LibTorch composition.")
public final class Main implements Callable<Integer> {

  /** The executable made of {@code c_call.cpp}. */
  private static final String C_CALL_PROPERTY = "benchmarks.c-call";

  @Option(names = "--quick", description = "fewer and shorter iterations")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the numbers as JSON")
  private Path json;

  @Option(
      names = "--only",
      paramLabel = "REGEX",
      description = "only benchmarks whose name holds a match")
  private String only;

  /** Starts the command. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  @Override
  public Integer call() throws RunnerException, IOException, InterruptedException {
    Backends.require(Backend.CPU);
    Machine machine = Machine.read();
    machine.disturbance().ifPresent(System.err::println);
    // Half of the calls from C before and half after, as other load may come and go.
    List<Double> fromC = new ArrayList<>(callsFromC());
    Collection<RunResult> results = new Runner(options(), new Progress(System.err)).run();
    fromC.addAll(callsFromC());
    Rows measured = new Rows(machine);
    List<Row> rows = new ArrayList<>(List.of(measured.callFromC(fromC)));
    rows.addAll(measured.of(results));
    Report report = new Report(machine, rows);
    report.print(new PrintStream(System.out, true, StandardCharsets.UTF_8));
    if (json != null) {
      report.writeJson(json);
    }
    return 0;
  }

  private Options options() {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.NANOSECONDS)
            .shouldFailOnError(true)
            .forks(quick ? 1 : 2)
            .warmupIterations(quick ? 2 : 3)
            .warmupTime(TimeValue.milliseconds(quick ? 500 : 1000))
            .measurementIterations(quick ? 5 : 8)
            .measurementTime(TimeValue.milliseconds(quick ? 400 : 1000));
    return (only == null ? options : options.include(only)).build();
  }

  /** Nanoseconds a call. */
  private List<Double> callsFromC() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(System.getProperty(C_CALL_PROPERTY), quick ? "4" : "8")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    List<Double> samples =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
            .lines()
            .map(Double::valueOf)
            .toList();
    if (process.waitFor() != 0 || samples.isEmpty()) {
      throw new IOException("the call from C failed: " + System.getProperty(C_CALL_PROPERTY));
    }
    return samples;
  }
}
