package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.crossdistill.JavaProcess;
import org.crossdistill.data.DType;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Without room for its results a comparison ends soon, in one line. Needs the right to mount. */
class FullDiskTest {

  @TempDir private Path folder;
  private boolean mounted;

  private boolean succeeds(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  private void mount(String size) throws IOException, InterruptedException {
    try {
      mounted = succeeds("mount", "-t", "tmpfs", "-o", "size=" + size, "none", folder.toString());
    } catch (IOException e) {
      mounted = false; // This system has no such command.
    }
    assumeThat(mounted).as("a small disk can be mounted here").isTrue();
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertThat(succeeds("umount", "-l", folder.toString())).isTrue();
    }
  }

  private CommandRun compare() {
    return CommandRun.of(
        "compare",
        "experiments/emoji-closed-set.toml",
        "--out",
        folder.resolve("run").toString(),
        "--set",
        "train.epochs=5000",
        "--set",
        "data.picture-size=8");
  }

  @Test
  @Timeout(300)
  void tooLittleRoomIsSaidBeforeAnythingIsTrained() throws Exception {
    mount("1m");
    CommandRun run = compare();
    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("run: expected 20.0 MB of free disk space, found 1.0 MB");
  }

  /** What is left of a first epoch without room for its checkpoint is no run to go on with. */
  @Test
  @Timeout(300)
  void afterAFirstEpochWithoutRoomTheSameCommandStartsAnew() throws Exception {
    mount("900k");
    assertThat(train().err()).contains("last.safetensors: no space left on device");
    CommandRun again = train();
    assertThat(again.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(again.err()).contains("last.safetensors: no space left on device");
  }

  private CommandRun train() {
    return CommandRun.of(
        "train",
        "experiments/emoji-cmd.toml",
        "--out",
        folder.resolve("run").toString(),
        "--set",
        "train.epochs=1");
  }

  @Test
  @Timeout(300)
  void resultsThatCannotBePrintedAreAFailure() throws Exception {
    Path full = Path.of("/dev/full");
    assumeThat(full).exists();
    JavaProcess.Result run = new JavaProcess(Main.class).outputTo(full).run("--version");
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).isEqualTo("crossdistill: cannot write to standard output\n");
  }

  @Test
  @Timeout(300)
  void answersForWhichThereIsNoRoomLeaveNothing(@TempDir Path requests) throws Exception {
    mount("8k");
    double[] zeros = new double[4096];
    Map<String, TensorData> inputs =
        Map.of(
            "in.student", TensorData.ofDoubles(DType.F64, zeros, 1, zeros.length),
            "in.teacher", TensorData.ofDoubles(DType.F64, zeros, 1, zeros.length));
    new Safetensors(Map.of("loss", "feature-margin"), inputs)
        .write(requests.resolve("request.safetensors"));

    String out = folder.resolve("new/answers").toString();
    CommandRun run = CommandRun.of("loss", requests.toString(), "--output", out);

    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err().lines().filter(line -> line.startsWith("crossdistill: ")))
        .singleElement()
        .asString()
        .endsWith("request.safetensors: no space left on device");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  @Timeout(300)
  void aDiskThatFillsUpEndsAllTrainings() throws Exception {
    mount("24m");
    Thread filler = new Thread(this::fillAfterTheFirstEpoch);
    filler.start();
    CommandRun run = compare();
    filler.join();
    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err().lines().filter(line -> line.startsWith("crossdistill: "))).hasSize(1);
    assertThat(run.err()).contains("crossdistill: cannot write " + folder.resolve("run"));
    assertThat(run.err()).doesNotContain("failed:");
  }

  private void fillAfterTheFirstEpoch() {
    try {
      Path sign = folder.resolve("run/student-alone/seed-0/metrics.jsonl");
      while (!Files.exists(sign)) {
        TimeUnit.MILLISECONDS.sleep(20);
      }
      byte[] block = new byte[1 << 12];
      Path filler = folder.resolve("filler");
      while (true) {
        Files.write(filler, block, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      }
    } catch (IOException e) {
      // It is full.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
