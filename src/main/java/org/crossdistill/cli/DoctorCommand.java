package org.crossdistill.cli;

import java.util.concurrent.Callable;
import org.crossdistill.CrossdistillException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code crossdistill doctor}: what runs here, why nothing better does, and whether it works. */
@Command(
    name = "doctor",
    description = {
      "Tell what this installation runs on, and whether it works.",
      "Exit code 0 if some training steps do."
    },
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    CrossdistillException libTorch = null;
    try {
      LibTorchLoading.load(System.err);
    } catch (CrossdistillException e) {
      libTorch = e;
    }
    DoctorReport report = new DoctorReport(libTorch);
    if (json) {
      System.out.println(Json.line(report.toJson()));
    } else {
      report.print(System.out);
    }
    return report.healthy() ? ExitCode.OK : ExitCode.FAILURE;
  }
}
