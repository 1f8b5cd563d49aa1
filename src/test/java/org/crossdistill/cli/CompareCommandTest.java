package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From the search of settings to the table, as a user goes. */
class CompareCommandTest {

  private static final String CONFIG =
      """
      title = "Tiny"
      seeds = [0, 1]
      [student]
      channels = [4]
      embedding = 4
      [teacher]
      embedding = 4
      [train]
      epochs = 1
      batch-size = 64
      [tune]
      trials = 2
      [tune.set.data]
      validation-fraction = 0.2
      [tune.space]
      "optimizer.learning-rate" = { log = [1e-3, 1e-1] }
      [[data-set]]
      name = "closed"
      data = { split = "closed", label = "group", per-class = 8, picture-size = 8 }
      [[data-set]]
      name = "open"
      data = { split = "open", validation-fraction = 0, picture-size = 8, min-samples = 24 }
      [[arm]]
      name = "student-alone"
      method = { name = "none" }
      [[arm]]
      name = "cmd"
      method = { name = "cmd", head = "none" }
      """;

  @TempDir private Path folder;
  private Path file;
  private Path out;

  @BeforeEach
  void writeConfig() throws IOException {
    file = Files.writeString(folder.resolve("tiny.toml"), CONFIG);
    out = folder.resolve("out");
  }

  private CommandRun compare(String... more) {
    List<String> words =
        new ArrayList<>(List.of("compare", file.toString(), "--out", out.toString()));
    words.addAll(List.of(more));
    return CommandRun.of(words.toArray(String[]::new));
  }

  @Test
  void throughputRefusesWhatItWouldNotHeed() {
    CommandRun run =
        CommandRun.of("compare", "experiments/emoji-methods.toml", "--throughput", "--budget=60s");
    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err())
        .contains("--throughput: expected neither --fresh nor --budget")
        .hasLineCount(1);
  }

  @Test
  void tunesAndComparesOnEveryDataSet() throws IOException {
    Path tuned = folder.resolve("tune");
    CommandRun search = CommandRun.of("tune", file.toString(), "--out", tuned.toString());
    assertThat(search.code()).as(search.err()).isZero();
    assertThat(search.out()).contains("Tuned alike: 2 settings tried for each arm");
    assertThat(Files.readAllLines(tuned.resolve("trials.csv"))).hasSize(1 + 2 * 2 * 2);

    CommandRun run = compare("--tuned", tuned.resolve("tuned.toml").toString(), "--json");

    assertThat(run.code()).as(run.err()).isZero();
    JsonNode summary = new ObjectMapper().readTree(run.out());
    assertThat(summary.path("tuning").asText()).startsWith("Tuned alike: 2");
    assertThat(summary.path("results")).hasSize(4);
    JsonNode last = summary.path("results").path(3);
    assertThat(last.path("name").asText()).isEqualTo("cmd");
    assertThat(last.path("data").asText()).isEqualTo("open");
    assertThat(last.path("matching")).hasSize(2);
    String table = Files.readString(out.resolve("table.md"));
    assertThat(table)
        .contains("Tiny (closed): ", "Tiny (open): ", "| *chance* |", "difference to student-alone")
        .contains("Epochs of every arm: 1. Seeds of every arm: [0, 1].", "| open: cmd |")
        .doesNotContain("Failed", "Not complete");
    assertThat(Files.readAllLines(out.resolve("table.csv")))
        .hasSize(1 + 2 + 3 + 5)
        .anyMatch(
            line -> line.matches("closed,cmd,accuracy,2,0\\.\\d{6},0\\.\\d{6},(-?[\\d.]+,?){4}"));
    for (String png : List.of("curves-closed.png", "curves-open.png", "differences.png")) {
      assertThat(Files.readAllBytes(out.resolve(png))).startsWith(0x89, 'P', 'N', 'G');
    }
    trainsACellWithItsOwnCommand();
  }

  /** The command that stands beside the table gives the bytes that stand behind it. */
  private void trainsACellWithItsOwnCommand() throws IOException {
    List<String> commands = Files.readAllLines(out.resolve("commands.sh"));
    assertThat(commands).hasSize(8);
    String command =
        commands.stream().filter(c -> c.contains("open/cmd/seed-1")).findFirst().orElseThrow();
    Path model = out.resolve("open/cmd/seed-1/model.safetensors");
    byte[] expected = Files.readAllBytes(model);
    Files.delete(model);
    String[] words = command.replace("'", "").split(" ", -1);
    assertThat(words[0]).isEqualTo("./crossdistill");

    CommandRun run = CommandRun.of(Arrays.copyOfRange(words, 1, words.length));

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(Files.readAllBytes(model)).isEqualTo(expected);
  }

  @Test
  void aFileWithoutATitleIsCalledByItsName() throws IOException {
    file = Files.writeString(folder.resolve("my.first.toml"), CONFIG.replace("title = ", "#"));
    CommandRun run = compare("--budget", "1s", "--workers", "1", "--set", "train.epochs=200");
    assertThat(run.out()).startsWith("my.first (closed): no seed, in %");
    assertThat(Files.readString(out.resolve("table.md"))).contains("my.first (open): no seed");
    JsonNode summary = new ObjectMapper().readTree(out.resolve("summary.json").toFile());
    assertThat(summary.path("title").asText()).isEqualTo("my.first");
  }

  @Test
  void seedsAreStatedOnceAndAreNoSettingOfAnArm() throws IOException {
    CommandRun run =
        compare(
            "--budget", "1s", "--workers", "1", "--set", "seeds=[7]", "--set", "train.epochs=200");
    assertThat(run.code()).as(run.err()).isEqualTo(ExitCode.UNFINISHED);
    assertThat(Files.readString(out.resolve("table.md")))
        .contains("Seeds of every arm: [7].", "| closed: cmd | `train.epochs=200` |")
        .doesNotContain("`seeds=");
    assertThat(Files.readAllLines(out.resolve("commands.sh")))
        .hasSize(4)
        .allMatch(command -> command.split("seeds=", -1).length == 2);
  }

  @Test
  void aBudgetEndsItWithACodeOfItsOwnAndTheSameCommandGoesOn() throws IOException {
    CommandRun first = compare("--budget", "1s", "--set", "train.epochs=200", "--workers", "1");
    assertThat(first.code()).as(first.err()).isEqualTo(ExitCode.UNFINISHED);
    assertThat(first.err()).contains("the time is up: 8 of 8 trainings are left");
    assertThat(Files.readString(out.resolve("table.md"))).contains("8 of 8 trainings are left");
    assertThat(new ObjectMapper().readTree(out.resolve("summary.json").toFile()).path("left"))
        .hasSize(8);
    CommandRun wrong = compare("--budget", "soon");
    assertThat(wrong.code()).isEqualTo(ExitCode.USAGE);
    assertThat(wrong.err()).contains("expected a time such as 90s, 60m, 2h");
  }

  @Test
  void aFailedCellIsNamedInTheTableAndEndsNoOther() throws IOException {
    Files.createDirectories(out.resolve("closed/cmd"));
    Files.writeString(out.resolve("closed/cmd/seed-0"), "a file where a folder should be");

    CommandRun run = compare();

    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(Files.readString(out.resolve("table.md")))
        .contains("**Failed**: closed: cmd seed 0: ", "Fewer than 2 seeds: cmd 1.");
    assertThat(out.resolve("open/cmd/seed-1/model.safetensors")).exists();
  }
}
