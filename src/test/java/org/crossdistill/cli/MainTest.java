package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.crossdistill.JavaProcess;
import org.crossdistill.JavaProcess.Result;
import org.crossdistill.Version;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MainTest {

  @TempDir Path folder;

  @Test
  void helpNeedsNoLibTorch() throws Exception {
    Path cache = folder.resolve("cache");
    Result result =
        new JavaProcess(Main.class)
            .option("-Dorg.bytedeco.javacpp.cachedir=" + cache)
            .run("--help");
    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains("quickstart", "train", "loss", "doctor", "predict", "embed");
    assertThat(result.err()).isEmpty();
    assertThat(cache).doesNotExist();
  }

  @Test
  void everyCommandTellsItsHelpAndTheVersion() {
    for (String command : Main.commandLine().getSubcommands().keySet()) {
      assertThat(CommandRun.of(command, "--help").code()).describedAs(command).isZero();
      assertThat(CommandRun.of(command, "--version").out().strip())
          .isEqualTo("crossdistill " + Version.current());
    }
  }

  @Test
  void failureIsOneLineAndExitCodeOne() throws Exception {
    Result result = new JavaProcess(Main.class).run("loss", folder.resolve("no").toString());
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines())
        .singleElement()
        .asString()
        .startsWith("crossdistill: ")
        .endsWith("no such file or folder");
  }

  @Test
  void verboseShowsWhereAFailureComesFrom() throws Exception {
    Result result =
        new JavaProcess(Main.class).run("loss", folder.resolve("no").toString(), "--verbose");
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("no such file or folder", "\tat org.crossdistill.cli.");
  }

  @Test
  void wrongCommandLineIsExitCodeTwoWithAHint() {
    CommandRun unknown = CommandRun.of("los");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("'los'").contains("loss");
    CommandRun missing = CommandRun.of("loss");
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err()).contains("PATH").contains("crossdistill loss --help");
    assertThat(CommandRun.of().code()).isEqualTo(2);
  }
}
