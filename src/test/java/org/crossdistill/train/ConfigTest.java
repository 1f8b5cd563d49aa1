package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.SoftMarginFeatureLoss.Distance;
import org.crossdistill.method.CmdOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {

  private static Experiment parse(String toml, String... assignments) {
    return ExperimentFile.of(TomlConfig.parse(toml, "test.toml"), List.of(assignments)).arm(null);
  }

  private static final String CMD = "[method]\nname = \"cmd\"\n";

  @Test
  void bindsTablesEnumsAndNestedTables() {
    Experiment experiment =
        parse(
            CMD
                + "lambda-f = 10\nlambda-f-warm-up = 0.25\nhead = \"none\"\n"
                + "feature-margin = { distance = \"squared-normalized\", margin = 1,"
                + " reduction = \"weighted-mean\" }\n[train]\nepochs = 7\n");

    CmdOptions options = (CmdOptions) experiment.methodOptions();
    assertThat(options.lambdaF()).isEqualTo(10);
    assertThat(options.lambdaFWarmUp()).isEqualTo(0.25);
    assertThat(options.lambdaC()).isEqualTo(1);
    assertThat(options.head()).isEqualTo(CmdOptions.Head.NONE);
    assertThat(options.featureMargin().distance()).isEqualTo(Distance.SQUARED_NORMALIZED);
    assertThat(options.featureMargin().margin()).isEqualTo(1.0);
    assertThat(options.featureMargin().reduction()).isEqualTo(Reduction.WEIGHTED_MEAN);
    assertThat(experiment.settings().train().epochs()).isEqualTo(7);
    assertThat(experiment.settings().train().batchSize()).isEqualTo(64);
  }

  @Test
  void assignmentsLieOverTheFile() {
    Experiment experiment =
        parse(CMD, "train.epochs=3", "method.head=none", "method.feature-margin.margin=0.25");

    assertThat(experiment.settings().train().epochs()).isEqualTo(3);
    CmdOptions options = (CmdOptions) experiment.methodOptions();
    assertThat(options.head()).isEqualTo(CmdOptions.Head.NONE);
    assertThat(options.featureMargin().margin()).isEqualTo(0.25);
  }

  @Test
  void assignmentsReachTheTitleAndTheSearch() {
    ExperimentFile file =
        ExperimentFile.of(
            TomlConfig.parse("title = 'old'\n[tune]\ntrials = 3\n" + CMD, "test.toml"),
            List.of(
                "title=new",
                "tune.seeds=[4]",
                "tune.set.train.epochs=2",
                "tune.space.\"method.lambda-f\"={ choice = [1] }",
                "train.epochs=9"));

    assertThat(file.title()).isEqualTo("new");
    TuneOptions tune = file.tune().orElseThrow();
    assertThat(tune.trials()).isEqualTo(3);
    assertThat(tune.seeds()).containsExactly(4L);
    assertThat(tune.set()).isEqualTo(Map.of("train", Map.of("epochs", 2L)));
    assertThat(tune.space()).containsOnlyKeys("method.lambda-f");
    assertThat(file.arms().get(0).assignments()).containsExactly("train.epochs=9");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train.epoch=3 | unknown key train.epoch; did you mean train.epochs?",
        "trian.epochs=3 | unknown key trian; did you mean train?",
        "method.distance=\"cosine\" | method.distance; did you mean method.feature-margin.distance?",
        "method.heda=\"none\" | unknown key method.heda; did you mean method.head?",
        "methd.name=\"none\" | unknown key methd; did you mean method?",
        "method.\"feature-margin.margin\"=3 | unknown key method.feature-margin.margin",
        "method.lambdaf=3 | unknown key method.lambdaf; did you mean method.lambda-f?",
        "method.feature-margin.margin=-1 | margin",
        "method.name=cmb | method.name: expected one of none, cmd, c2kd, ",
        "method.head=big | method.head: expected one of none, bottleneck, found big",
        "train.epochs=many | train.epochs: expected a whole number, found many",
        "train.epochs=2.5 | train.epochs: expected a whole number, found 2.5",
        "train.epochs=3000000000 | epochs: expected a whole number from -2147483648 to 2147483647",
        "train.epochs=0 | [train] epochs: expected at least 1, found 0",
        "optimizer.learning-rate=true | optimizer.learning-rate: expected a number, found true",
        "optimizer.learning-rate=inf | learning-rate: expected a number > 0 and <= 1e9, found Infinity",
        "optimizer.epsilon=0 | [optimizer] epsilon: expected a number from 1e-30 to 1e9, found 0.0",
        "optimizer.weight-decay=inf | weight-decay: expected a number >= 0 and <= 1e9, found Infinity",
        "student.channels=[0] | channels: expected positive numbers, found [0]",
        "student.channels=16 | student.channels: expected an array, found 16",
        "train=1 | train: expected a table, found 1",
        "seeds=[1,1] | seeds: expected different seeds, found [1, 1]",
        "arm=1 | arm: [[arm]] tables stand in the file alone; every other key may be set",
        "data-set.data.split=closed | data-set: [[data-set]] tables stand in the file alone",
        "tune=1 | tune: expected a table, found 1",
        "tune.trails=1 | unknown key tune.trails; did you mean tune.trials?",
        "train.=1 | --set: expected key=value, found train.=1",
      })
  void mistakesAreNamed(String assignment, String message) {
    assertThatThrownBy(() -> parse(CMD, assignment))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kd | temperature = 1e-40 | [method] temperature: expected a number from 1e-9 to 1e9",
        "dkd | loss.temperature = 1e10 | [method.loss] temperature: expected a number from 1e-9",
        "nkd | loss.temperature = nan | [method.loss] temperature: expected a number from 1e-9",
        "lskd | loss.temperature = 0 | [method.loss] temperature: expected a number from 1e-9",
        "dist | loss.temperature = -1 | [method.loss] temperature: expected a number from 1e-9",
        "c2kd | loss.temperature = inf | [method.loss] temperature: expected a number from 1e-9",
        "crd | temperature = 1e-30 | [method] temperature: expected a number from 0.002 to 1e9",
      })
  void temperaturesThatNoLossCanBeTakenAtAreRefused(String method, String key, String message) {
    assertThatThrownBy(() -> parse("[method]\nname = \"" + method + "\"\n" + key + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "samples=1000000000 | [data.generator] samples: expected from 2 to 10000000, found 1000000000",
        "classes=1000000000 | [data.generator] classes: expected from 2 to samples = 2000, found 1000000000",
        "classes=2001 | [data.generator] classes: expected from 2 to samples = 2000, found 2001",
        "classes=501 | [data] generator.classes: expected at most 500, so that each can have",
        "shared=2147483647 | [data.generator] shared: expected from 1 to 10000, found 2147483647",
        "private-factors=-1 | [data.generator] private-factors: expected from 0 to 10000, found -1",
        "nuisance=10001 | [data.generator] nuisance: expected from 0 to 10000, found 10001",
        "size=10001 | [data.generator] size: expected from 1 to 10000, found 10001",
      })
  void sizesThatCannotBeGeneratedAreNamed(String assignment, String message) {
    String latents = "[data]\nname = \"paired-latents\"\n[method]\nname = \"none\"\n";
    assertThatThrownBy(() -> parse(latents, "data.generator." + assignment))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "titel = 't' | unknown key titel; did you mean title?",
        "[[data-sett]] | unknown key data-sett; did you mean data-set?",
        "[[data-set]];name = 'a';[data-set.dta] | data set a: unknown key dta; did you mean data?",
        "[[data-set]];name = 'a';data.splt = 1 | data set a: unknown key data.splt; did you mean data.split?",
        "[[arm]];name = 'a';[arm.methd] | arm a: unknown key methd; did you mean method?",
        "[[arm]];name = 'a';tunedas = 'b' | arm a: unknown key tunedas; did you mean tuned-as?",
        "[[arm]];name = 'a';dataset = 'b' | arm a: unknown key dataset; did you mean data-sets?",
        "[[arm]];name = 'a';epochs = 3 | arm a: unknown key epochs; did you mean train.epochs?",
        "[tune.set.dta] | unknown key tune.set.dta; did you mean tune.set.data?",
      })
  void mistakesInNamedTablesAreNamed(String lines, String message) {
    assertThatThrownBy(() -> parse("method.name = 'cmd'\n" + lines.replace(';', '\n')))
        .isInstanceOf(ConfigException.class)
        .hasMessage(message);
  }

  @Test
  void methodWithoutOptionsHasNoNearestKey() {
    assertThatThrownBy(() -> parse("[method]\nname = \"none\"\n", "method.lambda-f=3"))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("unknown key method.lambda-f; expected none beside method.name");
  }

  @Test
  void tomlErrorsNameFileAndLine() {
    assertThatThrownBy(() -> parse("[method]\nname = \n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("test.toml, line 2: ");
  }

  @Test
  void missingFileIsNamed() {
    assertThatThrownBy(() -> TomlConfig.read(Path.of("no-such.toml")))
        .isInstanceOf(ConfigException.class)
        .hasMessage("cannot read configuration no-such.toml: no such file");
  }

  @Test
  void armsMergeTablesAndReplaceTheMethod() {
    String toml =
        "title = \"t\"\n"
            + CMD
            + "lambda-f = 10\n[train]\nepochs = 5\n"
            + "[[arm]]\nname = \"alone\"\nmethod = { name = \"none\" }\n"
            + "[[arm]]\nname = \"soft\"\ntrain = { batch-size = 8 }\nmethod = { lambda-c = 0 }\n";

    ExperimentFile file = ExperimentFile.of(TomlConfig.parse(toml, "test.toml"), List.of());

    assertThat(file.armNames()).containsExactly("alone", "soft");
    assertThat(file.arm("alone").method().name()).isEqualTo("none");
    Experiment soft = file.arm("soft");
    assertThat(soft.settings().train().epochs()).isEqualTo(5);
    assertThat(soft.settings().train().batchSize()).isEqualTo(8);
    CmdOptions options = (CmdOptions) soft.methodOptions();
    assertThat(options.lambdaF()).isEqualTo(10);
    assertThat(options.lambdaC()).isZero();
    assertThatThrownBy(() -> file.arm("hard"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("expected one of alone, soft; found hard");
  }

  @Test
  void theTableOfAnExperimentGivesTheSameExperiment() {
    Experiment experiment =
        parse(CMD + "lambda-f = 2.5\n[data]\nsplit = \"closed\"\nper-class = 10\n");

    Experiment again = Experiment.of(experiment.table());

    assertThat(again.settings()).isEqualTo(experiment.settings());
    assertThat(again.methodOptions()).isEqualTo(experiment.methodOptions());
    assertThat(Map.copyOf(again.table())).isEqualTo(experiment.table());
  }

  @ParameterizedTest
  @ValueSource(strings = {"per-class", "labelled"})
  void whatAnOpenSplitDoesNotKnowIsRefused(String key) {
    assertThatThrownBy(() -> parse(CMD + "[data]\n" + key + " = 5\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(key + ": expected 0 in an open split, found 5");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "c2kd | teacher.kind = 'embedding' | c2kd needs a teacher network that can be run and"
            + " trained on; teacher.kind = \"embedding\" has none",
        "at | teacher.kind = 'classifier' | at needs feature maps of both networks; the text"
            + " teacher has none",
        "kd | data = { name = 'av-digits', pairing = 'none' } | kd needs pairs of both modalities;"
            + " data.pairing = \"none\" gives none",
        "cmd | data.name = 'av-digits' | cmd needs embeddings of a teacher; teacher.kind ="
            + " \"embedding\" takes no pictures",
        "dkd | data = { split = 'closed', labelled = 5 } | dkd needs a label on every training sample; data.labelled leaves"
            + " some without"
      })
  void whatAMethodCannotDoWithoutIsNamedBeforeTraining(
      String method, String setting, String message) {
    String text = "method.name = \"" + method + "\"\n" + setting.replace('\'', '"') + "\n";
    assertThatThrownBy(() -> parse(text)).isInstanceOf(ConfigException.class).hasMessage(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "emoji-cmd",
        "emoji-open-set",
        "emoji-closed-set",
        "emoji-methods",
        "av-digits-sound",
        "av-digits-picture",
        "emoji-readings",
        "cmd-margin",
        "cmd-classifier",
        "cmd-limited-data",
        "cmd-poor-teacher",
        "paired-latents",
        "paired-latents-truth"
      })
  void everyExperimentOfTheRepositoryIsValid(String name) {
    Path file = Path.of("experiments", name + ".toml");
    assertThat(Files.exists(file)).isTrue();

    ExperimentFile read = ExperimentFile.read(file, List.of());

    assertThat(read.arms()).isNotEmpty();
    assertThat(read.title()).isNotBlank();
  }
}
