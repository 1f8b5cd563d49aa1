package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small trainings on generated pairs, held against the truth. */
class ProbeCommandTest {

  private static final String CONFIG =
      """
      seeds = [0, 1]
      [student]
      channels = [16]
      embedding = 16
      [teacher]
      kind = "classifier"
      encoder = { hidden = 32, embedding = 16 }
      train = { epochs = 5 }
      [train]
      epochs = 5
      [data]
      name = "paired-latents"
      [data.generator]
      samples = 600
      classes = 5
      shared = 3
      private-factors = 2
      nuisance = 2
      size = 24
      separation = 3
      noise = 0.2
      misaligned = 0.3
      low-quality = 0.3
      [[arm]]
      name = "discom-kd"
      method = { name = "discom-kd", size = 16 }
      data = { generator = { misaligned = 0, low-quality = 0 } }
      [[arm]]
      name = "c2kd"
      method = { name = "c2kd" }
      [[arm]]
      name = "cmd"
      method = { name = "cmd" }
      [[arm]]
      name = "cmd-measured"
      method = { name = "cmd" }
      data = { measured-quality = true }
      [[arm]]
      name = "cmd-none"
      method = { name = "cmd", quality-weights = { quality = "none" } }
      """;

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void writeConfig() throws IOException {
    file = Files.writeString(folder.resolve("tiny.toml"), CONFIG);
  }

  private CommandRun probe(String... more) {
    List<String> words = new ArrayList<>(List.of("probe", file.toString()));
    words.addAll(List.of(more));
    return CommandRun.of(words.toArray(String[]::new));
  }

  @Test
  void saysWhatWasFound() throws IOException {
    CommandRun run = probe("--json");

    assertThat(run.code()).as(run.err()).isZero();
    JsonNode arms = new ObjectMapper().readTree(run.out());
    JsonNode features = arms.path("discom-kd").path("rows");
    assertThat(features.properties()).hasSize(7);
    // Columns are a linear map of the factors and little noise.
    assertThat(value(features, "inputs", "shared R²")).isGreaterThan(0.95);
    assertThat(value(features, "inputs", "nuisance R²")).isGreaterThan(0.9);
    assertThat(value(features, "invariant", "class")).isGreaterThan(0.8);
    JsonNode selection = arms.path("c2kd").path("rows");
    assertThat(selection.properties()).hasSize(3);
    assertThat(value(selection, "training pairs", "by chance")).isBetween(0.6, 0.8);
    assertThat(value(selection, "test pairs", "AUC of τ")).isGreaterThan(0.8);
    assertThat(value(selection, "test pairs", "precision"))
        .isGreaterThan(value(selection, "test pairs", "by chance"));
    JsonNode none = arms.path("cmd-none").path("rows");
    assertThat(value(none, "training pairs", "teacher's sample degraded")).isEqualTo(0.5);
    assertThat(value(none, "test pairs", "student's sample degraded")).isEqualTo(0.5);
    assertThat(arms.path("cmd").path("seeds")).hasSize(2);
    // `difference` lowers the weight where the teacher's sample is poor, and raises it where the
    // student's is.
    JsonNode measured = arms.path("cmd-measured").path("rows");
    assertThat(value(measured, "training pairs", "teacher's sample degraded")).isEqualTo(1);
    assertThat(value(measured, "training pairs", "student's sample degraded")).isZero();
  }

  private static double value(JsonNode rows, String row, String column) {
    JsonNode values = rows.path(row).path(column);
    assertThat(values).as(row + ", " + column).hasSize(2);
    return (values.path(0).asDouble() + values.path(1).asDouble()) / 2;
  }

  @Test
  void theTableHasMeanAndDeviationAndTheSameSeedTheSameNumbers() {
    CommandRun run = probe("--arm", "cmd", "--set", "train.epochs=2");

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out().lines().toList().get(0))
        .matches("\\| +\\| +\\| teacher's sample degraded \\| student's sample degraded \\|");
    assertThat(run.out())
        .containsPattern("\\| cmd \\| training pairs \\| +\\d+\\.\\d ± \\d+\\.\\d");
    assertThat(probe("--arm", "cmd", "--set", "train.epochs=2").out()).isEqualTo(run.out());
  }

  @Test
  void whereNothingCanBeFoundItSaysWhy() {
    assertThat(probe("--arm", "c2kd", "--set", "data.generator.misaligned=0").err())
        .contains("data.generator.misaligned: expected a share to find, in (0, 1), found 0.0");
    String ofC2kd = "method.loss.krc=0";
    assertThat(
            probe("--arm", "c2kd", "--set", ofC2kd, "--set", "data.generator.misaligned=0").err())
        .as("discom-kd has no such key")
        .contains("data.generator.misaligned: expected a share to find, in (0, 1), found 0.0");
    assertThat(probe("--arm", "cmd", "--set", "method.name=kd").code()).isEqualTo(ExitCode.FAILURE);
    assertThat(probe("--arm", "nobody").err())
        .contains(
            "--arm: expected one of discom-kd, c2kd, cmd, cmd-measured, cmd-none; found nobody");
    assertThat(CommandRun.of("probe", "experiments/emoji-cmd.toml").err())
        .contains("data.name: expected paired-latents, found emoji");
  }

  /** From the very columns in common to none: one training gives a model of each modality. */
  @Test
  void discomKdTrainsOnOverlappingModalitiesAndOnOthers() throws IOException {
    for (String overlap : List.of("0", "0.5", "1")) {
      Path out = folder.resolve("overlap-" + overlap);
      CommandRun run =
          CommandRun.of(
              "train",
              file.toString(),
              "--arm",
              "discom-kd",
              "--out",
              out.toString(),
              "--set",
              "train.epochs=10",
              "--set",
              "data.generator.overlap=" + overlap);
      assertThat(run.code()).as(run.err()).isZero();
      JsonNode card = new ObjectMapper().readTree(out.resolve("card.json").toFile());
      assertThat(card.path("test").path("accuracy").asDouble()).isGreaterThan(0.6);
      assertThat(out.resolve("model.safetensors")).exists();
      assertThat(out.resolve("other-model.safetensors")).exists();
    }
  }
}
