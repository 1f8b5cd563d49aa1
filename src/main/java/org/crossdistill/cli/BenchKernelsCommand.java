package org.crossdistill.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.crossdistill.bench.Case;
import org.crossdistill.bench.Machine;
import org.crossdistill.bench.Meter;
import org.crossdistill.bench.Row;
import org.crossdistill.bench.Suite;
import org.crossdistill.bench.Table;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.Backends;
import org.crossdistill.kernel.Isa;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code crossdistill bench kernels}: every kernel beside its limit and its composition. */
@Command(
    name = "kernels",
    description = {
      "Time the kernels beside what this machine can do at best and beside LibTorch's operators.",
      "Without --quick also on one thread, and on the CPU's other instruction sets; pin one with",
      "CROSSDISTILL_ISA."
    },
    mixinStandardHelpOptions = true)
final class BenchKernelsCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--quick",
      description = "The fastest instruction set, all threads, few shapes: below three minutes.")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the rows as JSON.")
  private Path json;

  @Option(
      names = "--only",
      paramLabel = "REGEX",
      converter = OfPattern.class,
      description = "Only what a line names, such as 'kd .*f32'.")
  private Pattern only = Pattern.compile("");

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Time that the repetitions of a line take (default: ${DEFAULT-VALUE}).")
  private double seconds = 3;

  /** A regular expression, or a line that says what is wrong with it. */
  static final class OfPattern implements ITypeConverter<Pattern> {
    @Override
    public Pattern convert(String text) {
      try {
        return Pattern.compile(text);
      } catch (PatternSyntaxException e) {
        throw new TypeConversionException(
            "expected a regular expression; found '" + text + "': " + e.getDescription());
      }
    }
  }

  @Override
  public Integer call() {
    List<Case> cases = checkOptions();
    LibTorchLoading.load(System.err);
    Backends.require(Backend.CPU);
    try (StopSignal stop = StopSignal.install()) {
      Machine machine = Machine.read();
      machine.disturbance().ifPresent(System.err::println);
      List<Row> rows = measure(cases, machine, stop);
      if (stop.getAsBoolean()) {
        System.err.println("crossdistill: stopped; nothing was written");
        return ExitCode.INTERRUPTED;
      }
      System.out.print(Table.of(machine, rows));
      if (json != null) {
        AtomicFiles.write(json, Json.rows(rows));
      }
      return ExitCode.OK;
    }
  }

  /** What would else be found out after minutes of measuring; gives what is to be measured. */
  private List<Case> checkOptions() {
    if (!(seconds > 0) || Double.isInfinite(seconds)) {
      throw misuse("--seconds: expected a number above 0, found " + seconds);
    }
    Path folder = json == null ? null : json.toAbsolutePath().getParent();
    if (folder != null && (!Files.isWritable(folder) || Files.isDirectory(json))) {
      throw misuse("--json: expected a file in a folder that can be written, found " + json);
    }
    List<Case> cases = named(quick ? Suite.quick() : Suite.full());
    if (cases.isEmpty()) {
      throw misuse("--only: expected a part of some line, found none for '" + only + "'");
    }
    return cases;
  }

  private ParameterException misuse(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private List<Row> measure(List<Case> cases, Machine machine, StopSignal stop) {
    List<Row> rows = new ArrayList<>(measure(cases, new Meter(machine, seconds, stop)));
    if (!quick && !Isa.isPinned() && !named(Suite.quick()).isEmpty()) {
      rows.addAll(new OtherIsas(only, seconds, stop).measure());
    }
    return rows;
  }

  private List<Case> named(List<Case> cases) {
    return cases.stream().filter(wanted -> only.matcher(wanted.name()).find()).toList();
  }

  private static List<Row> measure(List<Case> cases, Meter meter) {
    List<Row> rows = new ArrayList<>();
    try (Progress progress = Progress.start("kernels", cases.size(), "lines")) {
      for (Case wanted : cases) {
        progress.at(rows.size(), wanted.name());
        Row row = meter.measureOrNull(wanted);
        if (row == null) {
          break;
        }
        rows.add(row);
      }
    }
    return rows;
  }
}
