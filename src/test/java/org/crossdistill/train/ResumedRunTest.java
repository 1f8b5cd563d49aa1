package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.crossdistill.TinyDigits;
import org.crossdistill.data.DataException;
import org.crossdistill.nn.TorchThreads;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A training that was stopped and resumed ends in the same bits as one that was not. */
final class ResumedRunTest {

  private static final Provenance PROVENANCE = new Provenance("0", "cpu");
  private static final List<String> FILES =
      List.of("model.safetensors", "last.safetensors", "metrics.jsonl", "card.json");

  @TempDir Path folder;

  @BeforeAll
  static void oneThread() {
    TorchThreads.set(1);
  }

  private static Experiment latents(String method) {
    String text =
        """
        [data]
        name = "paired-latents"
        generator = { samples = 60, classes = 3, size = 6, misaligned = 0.2, label-noise = 0.1 }
        [teacher]
        kind = "classifier"
        train = { epochs = 2, batch-size = 8 }
        [student]
        channels = [8]
        embedding = 8
        [train]
        epochs = 4
        batch-size = 8
        [method]
        name = "%s"
        """
            .formatted(method);
    return ExperimentFile.of(TomlConfig.parse(text, "test.toml"), List.of()).arm(null);
  }

  private Experiment digits(String method) {
    TinyDigits.write(folder);
    Path file = TinyDigits.config(folder, "sound", method);
    return ExperimentFile.read(file, List.of("train.epochs=4")).arm(null);
  }

  private void assertResumes(Experiment experiment) {
    Path whole = folder.resolve("whole");
    Path parts = folder.resolve("parts");
    train(experiment, whole, 4, false);
    train(experiment, parts, 2, false);
    train(experiment, parts, 4, true);
    for (String name : FILES) {
      assertThat(parts.resolve(name)).hasSameBinaryContentAs(whole.resolve(name));
    }
    if (experiment.method().name().equals("discom-kd")) {
      assertThat(parts.resolve("other-model.safetensors"))
          .hasSameBinaryContentAs(whole.resolve("other-model.safetensors"));
    }
  }

  private static void train(Experiment experiment, Path path, int until, boolean resume) {
    try (RunFolder files = RunFolder.open(path)) {
      ExperimentRun run = new ExperimentRun(experiment, 0, () -> false);
      if (resume) {
        run.resume(files);
        assertThat(run.epochsDone()).isEqualTo(2);
      }
      boolean complete = run.train(files, List.of(), () -> run.epochsDone() == until);
      assertThat(complete).isEqualTo(until == 4);
      if (complete) {
        run.save(files, "arm", PROVENANCE, run.test());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "kd", "c2kd", "discom-kd", "crd", "at"})
  void digitsResume(String method) {
    assertResumes(digits(method));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cmd", "c2kd", "discom-kd", "simkd"})
  void pairedLatentsResume(String method) {
    assertResumes(latents(method));
  }

  @Test
  void trainingIsNotFinishedWithoutItsOtherModel() throws Exception {
    Experiment experiment = digits("discom-kd");
    train(experiment, folder.resolve("run"), 4, false);
    Map<String, Object> card = Card.of("arm", experiment, 0, PROVENANCE, Map.of(), Map.of());
    assertThat(FinishedTraining.read(folder.resolve("run"), card)).isPresent();
    Files.delete(folder.resolve("run/other-model.safetensors"));
    assertThat(FinishedTraining.read(folder.resolve("run"), card)).isEmpty();
  }

  @Test
  void whatHasLostLinesOfItsEpochsDoesNotGoOn() throws Exception {
    Experiment experiment = latents("none");
    Path path = folder.resolve("run");
    train(experiment, path, 2, false);
    Path metrics = path.resolve("metrics.jsonl");
    Files.writeString(metrics, Files.readAllLines(metrics).get(0) + "\n");
    assertThatThrownBy(() -> train(experiment, path, 4, true))
        .isInstanceOf(DataException.class)
        .hasMessage(metrics + ": expected a line for each of 2 epochs, found 1");
    Files.delete(metrics);
    assertThatThrownBy(() -> train(experiment, path, 4, true))
        .hasMessage(metrics + ": expected a line for each of 2 epochs, found 0");
  }

  @Test
  void latentsHaveNoMapsForAttentionTransfer() {
    assertThatThrownBy(() -> latents("at"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("at needs feature maps of both networks; the latents");
  }

  @Test
  void tooFewLatentsForTheParts() {
    String text = "[data]\nname = \"paired-latents\"\ngenerator = { samples = 3, classes = 2 }\n";
    var table = TomlConfig.parse(text + "[method]\nname = \"none\"\n", "test.toml");
    assertThatThrownBy(() -> ExperimentFile.of(table, List.of()).arm(null))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("generator.samples: expected enough for two training samples");
  }
}
