package org.crossdistill.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.crossdistill.CrossdistillException;
import org.crossdistill.bench.Row;
import org.crossdistill.kernel.Isa;

/**
 * The quick measurement on the instruction sets that this process does not run on. A process
 * chooses once, so each takes one of its own.
 */
final class OtherIsas {

  private final Pattern only;
  private final double seconds;
  private final BooleanSupplier stop;

  OtherIsas(Pattern only, double seconds, BooleanSupplier stop) {
    this.only = only;
    this.seconds = seconds;
    this.stop = stop;
  }

  /** The rows of all others; of fewer if it was stopped. */
  List<Row> measure() {
    Isa active = Isa.active();
    List<Row> rows = new ArrayList<>();
    Arrays.stream(Isa.values())
        .filter(isa -> isa != active && isa.isSupported())
        .filter(isa -> !stop.getAsBoolean())
        .forEach(isa -> rows.addAll(measure(isa)));
    return rows;
  }

  private List<Row> measure(Isa isa) {
    try {
      Path file = Files.createTempFile("crossdistill", ".json");
      try {
        run(isa, file);
        return stop.getAsBoolean() ? List.of() : Json.read(file, Row[].class);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new CrossdistillException(isa.label() + ": cannot be measured: " + e.getMessage(), e);
    }
  }

  private void run(Isa isa, Path json) throws IOException {
    System.err.println("measuring on " + isa.label());
    ProcessBuilder builder = new ProcessBuilder(command(json));
    builder.environment().put(Isa.ENVIRONMENT, isa.label());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    try {
      while (!process.waitFor(100, TimeUnit.MILLISECONDS)) {
        if (stop.getAsBoolean()) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroy();
    }
    if (process.exitValue() != ExitCode.OK && !stop.getAsBoolean()) {
      throw new IOException("its process ended with exit code " + process.exitValue());
    }
  }

  /** This very program, with the options of this JVM. */
  private List<String> command(Path json) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("bench", "kernels", "--quick", "--json", json.toString()));
    command.addAll(List.of("--only", only.pattern(), "--seconds", Double.toString(seconds)));
    return command;
  }
}
