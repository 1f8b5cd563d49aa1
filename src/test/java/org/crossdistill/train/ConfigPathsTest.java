package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.crossdistill.data.PictureSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the paths in a configuration count from. */
class ConfigPathsTest {

  @TempDir private Path folder;

  private ExperimentFile read(String toml, String... assignments) throws IOException {
    Path file = Files.writeString(folder.resolve("digits.toml"), toml);
    return ExperimentFile.read(file, List.of(assignments));
  }

  private static AvDigitsOptions data(Arm arm) {
    return (AvDigitsOptions) arm.experiment().settings().data();
  }

  private static final String DIGITS =
      """
      method = { name = "none" }
      [data]
      name = "av-digits"
      [data.pictures]
      train = "packs/train.gz"
      train-labels = "/absolute/labels.gz"
      [data.sounds]
      folder = "packs/sounds"
      """;

  @Test
  void thoseOfTheFileCountFromItsFolder() throws IOException {
    AvDigitsOptions data = data(read(DIGITS).arms().get(0));

    PictureSource pictures = data.pictures();
    assertThat(pictures.train()).isEqualTo(folder.resolve("packs/train.gz").toString());
    assertThat(pictures.trainLabels()).isEqualTo("/absolute/labels.gz");
    assertThat(pictures.test()).as("none").isEmpty();
    assertThat(data.sounds().folder()).isEqualTo(folder.resolve("packs/sounds").toString());
    assertThat(data.sounds().manifest()).as("a name, no path").isEqualTo("manifest.csv");
  }

  @Test
  void thoseOfTheCommandLineCountFromWhereItRuns() throws IOException {
    ExperimentFile file =
        read(DIGITS, "data.pictures.train=mine/train.gz", "data.pictures.test=\"mine/test.gz\"");
    PictureSource pictures = data(file.arms().get(0)).pictures();

    assertThat(pictures.train()).isEqualTo("mine/train.gz");
    assertThat(pictures.test()).isEqualTo("mine/test.gz");
    assertThat(pictures.trainLabels()).isEqualTo("/absolute/labels.gz");
  }

  @Test
  void inNamedTablesAndInTheSearchToo() throws IOException {
    ExperimentFile file =
        read(
            DIGITS
                + """
                [tune.set.data.sounds]
                folder = "fewer"
                [[data-set]]
                name = "one"
                data = { pictures = { test = "one.gz" } }
                [[arm]]
                name = "none"
                data.sounds.folder = "others"
                """);

    AvDigitsOptions data = data(file.arms().get(0));
    assertThat(data.pictures().test()).isEqualTo(folder.resolve("one.gz").toString());
    assertThat(data.sounds().folder()).isEqualTo(folder.resolve("others").toString());
    assertThat(file.tune().orElseThrow().set())
        .isEqualTo(
            Map.of("data", Map.of("sounds", Map.of("folder", folder.resolve("fewer").toString()))));
  }
}
