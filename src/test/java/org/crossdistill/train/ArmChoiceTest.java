package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.crossdistill.method.CmdOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is set need only fit the arms that are chosen. */
final class ArmChoiceTest {

  private static final String SEVERAL =
      """
      [[data-set]]
      name = "open"
      [[data-set]]
      name = "closed"
      data = { split = "closed" }
      [[arm]]
      name = "alone"
      method = { name = "none" }
      [[arm]]
      name = "cmd"
      method = { name = "cmd" }
      """;

  @TempDir private Path folder;

  private ExperimentFile read(ArmChoice choice, String... assignments) throws IOException {
    Path file = Files.writeString(folder.resolve("several.toml"), SEVERAL);
    return ExperimentFile.read(file, List.of(assignments), choice);
  }

  @Test
  void oneArmTakesWhatOthersCannot() throws IOException {
    ArmChoice choice = ArmChoice.one("closed", "cmd");
    ExperimentFile file = read(choice, "method.lambda-f=3", "data.per-class=7");

    assertThat(file.arms()).hasSize(1);
    Experiment experiment = file.arm("closed", "cmd").experiment();
    assertThat(((CmdOptions) experiment.methodOptions()).lambdaF()).isEqualTo(3);
    assertThat(((EmojiOptions) experiment.settings().data()).perClass()).isEqualTo(7);
  }

  @Test
  void armsOfANameAreThoseOfAllDataSets() throws IOException {
    ExperimentFile file = read(ArmChoice.named("cmd"), "method.lambda-f=3");

    assertThat(file.arms()).extracting(Arm::data).containsExactly("open", "closed");
    assertThat(file.armNames()).containsExactly("cmd");
  }

  @Test
  void whatIsSetOverEveryArmFitsEveryArm() {
    assertThatThrownBy(() -> read(ArmChoice.all(), "method.lambda-f=3"))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith(
            "several.toml with --set over every arm: data set open, arm alone: unknown key"
                + " method.lambda-f; expected none beside method.name");
  }

  /** Before it is said that what was set fits none, since that depends on the choice. */
  @Test
  void choicesThatAreNoneSayWhichThereAre() {
    assertRefused(ArmChoice.one("open", null), "--arm: expected one of alone, cmd; found none");
    assertRefused(ArmChoice.one("open", "kd"), "--arm: expected one of alone, cmd; found kd");
    assertRefused(ArmChoice.one(null, "cmd"), "--data-set: expected one of open, closed; found");
    assertRefused(ArmChoice.named("kd"), "--arm: expected one of alone, cmd; found kd");
  }

  private void assertRefused(ArmChoice choice, String message) {
    assertThatThrownBy(() -> read(choice, "method.lambda-f=3"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("several.toml with --set: " + message);
  }
}
