package org.crossdistill;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** A Java process of its own: for what is decided once in a process. */
public final class JavaProcess {

  /** Only for one that hangs: on a busy machine what takes seconds may take minutes. */
  private static final long LIMIT_SECONDS = 900;

  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<String> options = new ArrayList<>(List.of("-Xmx1g"));
  private final Class<?> main;
  private BooleanSupplier end = () -> false;
  private Path output;
  private List<String> classPath = Arrays.asList(currentClassPath().split(File.pathSeparator));

  /** What came out of it. */
  public record Result(int exitCode, String out, String err) {}

  /**
   * A process to be.
   *
   * @param main with a main method
   */
  public JavaProcess(Class<?> main) {
    this.main = main;
  }

  /** Surefire hides the class path from the JVM's own property. */
  private static String currentClassPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /** Sets a variable of the environment. */
  public JavaProcess environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Adds an option of the JVM. */
  public JavaProcess option(String option) {
    options.add(option);
    return this;
  }

  /** Asks the process to end, as Ctrl-C does, as soon as a condition holds. */
  public JavaProcess endWhen(BooleanSupplier condition) {
    end = condition;
    return this;
  }

  /** Sends what it prints to a file, and so away from {@link Result#out}. */
  public JavaProcess outputTo(Path file) {
    output = file;
    return this;
  }

  /** Changes the entries of the class path. */
  public JavaProcess classPath(UnaryOperator<String> change) {
    classPath = classPath.stream().map(change).toList();
    return this;
  }

  /** Runs it to its end. */
  public Result run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", String.join(File.pathSeparator, classPath), main.getName()));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile("crossdistill", ".out");
    Path err = Files.createTempFile("crossdistill", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.redirectOutput((output == null ? out : output).toFile());
      builder.redirectError(err.toFile());
      builder.environment().keySet().removeIf(name -> name.startsWith("CROSSDISTILL_"));
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!ended(process)) {
        process.destroyForcibly();
        throw new IOException("no end after " + LIMIT_SECONDS + " s: " + command);
      }
      return new Result(process.exitValue(), read(out), read(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private boolean ended(Process process) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    boolean asked = false;
    while (System.nanoTime() < deadline) {
      if (process.waitFor(50, TimeUnit.MILLISECONDS)) {
        return true;
      }
      if (!asked && end.getAsBoolean()) {
        process.destroy();
        asked = true;
      }
    }
    return false;
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}
