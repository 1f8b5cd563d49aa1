package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.crossdistill.train.Arm;
import org.crossdistill.train.Comparison;
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
    description = {
      "Train all arms of a configuration on all its data sets with all seeds",
      "and compare them in tables. Trainings that an earlier run finished or",
      "paused in the same folder are kept."
    },
    mixinStandardHelpOptions = true)
final class CompareCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "Configuration with [[arm]] tables.")
  private Path file;

  @Option(names = "--out", description = "Folder of the results (default: runs/NAME-OF-FILE).")
  private Path out;

  @Option(names = "--fresh", description = "Train everything again, also what is finished.")
  private boolean fresh;

  @Mixin private ComparisonOptions options;

  @Override
  public Integer call() {
    ExperimentFile arms = ExperimentFile.read(file, options.assignments);
    Path folder = out == null ? CommandLines.defaultFolder(file) : out;
    Comparison.Finished finished = fresh ? Comparison.Finished.REPEAT : Comparison.Finished.KEEP;
    ComparisonTask task =
        new ComparisonTask(
            "compare",
            file.toString(),
            CommandLines.of(spec),
            Arm::dataName,
            ComparisonTask.NOT_TUNED);
    ComparisonRun run = ComparisonRun.run(task, arms, folder, options, finished);
    ComparisonCurves.write(arms, run);
    ComparisonCurves.writeDifferences(folder, arms.title(), run.report());
    run.print(options.json);
    return run.exitCode();
  }
}
