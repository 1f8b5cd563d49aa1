package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.crossdistill.JavaProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C ends a command soon, says so in one line and leaves no half-written file. */
@EnabledOnOs(
    value = {OS.LINUX, OS.MAC},
    disabledReason = "needs POSIX signals")
class InterruptTest {

  /** What the shell says of a process that a termination signal ended. */
  private static final int TERMINATED = 143;

  @TempDir Path folder;

  private JavaProcess.Result interrupted(Path sign, String... arguments) throws Exception {
    return new JavaProcess(Main.class)
        .option("-XX:ErrorFile=" + folder.resolve("crash.log"))
        .endWhen(() -> Files.exists(sign))
        .run(arguments);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void trainingKeepsTheLastEpoch() throws Exception {
    JavaProcess.Result result =
        interrupted(
            folder.resolve("last.safetensors"),
            "train",
            "experiments/emoji-cmd.toml",
            "--out",
            folder.toString(),
            "--set",
            "train.epochs=5000",
            "--set",
            "data.picture-size=8");

    assertThat(result.exitCode()).as(result.err()).isEqualTo(TERMINATED);
    assertThat(result.err().lines().toList().get((int) result.err().lines().count() - 1))
        .isEqualTo("stopped; `--resume` goes on after the last finished epoch");
    assertThat(files())
        .containsExactlyInAnyOrder("last.safetensors", "metrics.jsonl", "timings.jsonl");
  }

  @Test
  void comparisonBeginsNoFurtherTraining() throws Exception {
    Path first = folder.resolve("student-alone/seed-0");
    JavaProcess.Result result =
        interrupted(
            first.resolve("metrics.jsonl"),
            "compare",
            "experiments/emoji-closed-set.toml",
            "--workers",
            "1",
            "--out",
            folder.toString(),
            "--set",
            "train.epochs=5000",
            "--set",
            "data.picture-size=8");

    assertThat(result.exitCode()).as(result.err()).isEqualTo(TERMINATED);
    assertThat(result.err())
        .endsWith("crossdistill: stopped; the trainings that are done are in " + folder + "\n");
    assertThat(files()).containsExactlyInAnyOrder("metrics.jsonl", "timings.jsonl");
  }

  @Test
  void measurementWritesNothing() throws Exception {
    Path json = folder.resolve("rows.json");
    long start = System.nanoTime();
    JavaProcess.Result result =
        new JavaProcess(Main.class)
            .option("-XX:ErrorFile=" + folder.resolve("crash.log"))
            .endWhen(() -> System.nanoTime() - start > 5_000_000_000L)
            .run("bench", "kernels", "--json", json.toString());

    assertThat(result.exitCode()).as(result.err()).isIn(TERMINATED, ExitCode.INTERRUPTED);
    assertThat(result.out()).isEmpty();
    assertThat(files()).isEmpty();
  }
}
