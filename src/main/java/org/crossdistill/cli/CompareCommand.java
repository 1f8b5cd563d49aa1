package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.crossdistill.train.ExperimentFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code crossdistill compare}: all arms of a file with all seeds. */
@Command(
    name = "compare",
    description = "Train all arms of a configuration with all seeds and compare them in a table.",
    mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "Configuration with [[arm]] tables.")
  private Path file;

  @Option(names = "--out", description = "Folder of the results (default: runs/NAME-OF-FILE).")
  private Path out;

  @Mixin private ComparisonOptions options;

  @Override
  public Integer call() {
    ExperimentFile arms = ExperimentFile.read(file, options.assignments);
    Path folder = out == null ? CommandLines.defaultFolder(file) : out;
    ComparisonRun run = ComparisonRun.run("compare", arms, folder, options, CommandLines.of(spec));
    Pictures.write(folder, "curves.png", run.report()::curves);
    run.print(options.json);
    return run.complete() ? ExitCode.OK : ExitCode.FAILURE;
  }
}
