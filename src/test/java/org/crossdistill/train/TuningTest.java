package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.data.PictureSamples;
import org.crossdistill.data.Seeds;
import org.crossdistill.train.Comparison.Finished;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningTest {

  /** Small enough for a test, and so short that settings make a difference. */
  private static final String CONFIG =
      """
      [data]
      split = "closed"
      label = "group"
      validation-fraction = 0
      per-class = 8
      picture-size = 8
      [teacher]
      embedding = 4
      [student]
      channels = [4]
      embedding = 4
      [train]
      epochs = 2
      batch-size = 8
      [tune]
      trials = 3
      seeds = [1, 2]
      [tune.set.data]
      validation-fraction = 0.3
      [tune.space]
      "optimizer.learning-rate" = { log = [1e-4, 1e-1] }
      [[arm]]
      name = "student-alone"
      method = { name = "none" }
      [[arm]]
      name = "fitnets"
      method = { name = "fitnets" }
      [arm.space]
      "method.weights.distillation" = { uniform = [1, 2] }
      [[arm]]
      name = "fitnets-shuffled"
      method = { name = "fitnets" }
      data = { control = "shuffled" }
      tuned-as = "fitnets"
      """;

  @TempDir private Path out;
  private int trained;

  private static ExperimentFile file(String... assignments) {
    return ExperimentFile.of(TomlConfig.parse(CONFIG, "test"), List.of(assignments));
  }

  private List<TrialResult> run(ExperimentFile file, Inputs.Source source) {
    Tuning.Listener listener =
        new Tuning.Listener() {
          @Override
          public void onStart(int kept, int toTrain) {
            trained = toTrain;
          }

          @Override
          public void onResult(TrialResult result) {
            assertThat(result.failure()).isNull();
          }
        };
    Provenance provenance = new Provenance("1.0", "cpu");
    Comparison.Plan plan = new Comparison.Plan(out, 2, provenance, Finished.KEEP);
    int threads = torch.get_num_threads();
    try {
      return new Tuning(file, plan, listener, () -> false, () -> false, source).run();
    } finally {
      torch.set_num_threads(threads);
    }
  }

  private void forget() throws IOException {
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
  }

  private static List<Double> values(List<TrialResult> results) {
    return results.stream().map(TrialResult::value).toList();
  }

  /** Other labels and other pictures for some rows. */
  private static PreparedData poison(PreparedData data, int[] rows) {
    Modality student = data.student();
    int[] labels = student.labels().clone();
    PictureSamples pictures = (PictureSamples) student.samples();
    float[][] ink = pictures.ink().clone();
    for (int row : rows) {
      labels[row] = (labels[row] + 1) % data.classes().size();
      ink[row] = new float[ink[row].length];
      Arrays.fill(ink[row], 1);
    }
    PictureSamples spoilt = new PictureSamples(ink, pictures.channels(), pictures.transform());
    Modality changed = new Modality(student.kind(), spoilt, student.split(), labels, null);
    return new PreparedData(changed, data.other(), data.pairing(), data.pairs());
  }

  @Test
  void everyArmTriesAsManySettingsAndTheFilesOwnFirst() {
    List<Tuning.Trial> trials = SearchPlan.trials(file(), file().tune().orElseThrow());

    assertThat(trials.stream().map(Tuning.Trial::toString))
        .containsExactly(
            "student-alone trial 0",
            "fitnets trial 0",
            "student-alone trial 1",
            "fitnets trial 1",
            "student-alone trial 2",
            "fitnets trial 2");
    assertThat(trials.get(0).set()).isEmpty();
    assertThat(trials.get(2).set()).hasSize(1);
    // What both search, they search at the same values.
    assertThat(trials.get(3).set()).hasSize(2).containsAll(trials.get(2).set());
    assertThat(trials.get(4).set()).isNotEqualTo(trials.get(2).set());
    double rate = trials.get(4).arm().experiment().settings().optimizer().learningRate();
    assertThat(trials.get(4).set()).containsExactly("optimizer.learning-rate=" + plain(rate));
    assertThat(trials.get(4).arm().experiment().settings().data().validationFraction())
        .isEqualTo(0.3);
  }

  private static String plain(double value) {
    return new BigDecimal(value).round(new MathContext(3)).toString();
  }

  @Test
  void rangesDrawWithinTheirEnds() {
    Map<String, SearchRange> ranges =
        SearchRange.table(
            "space",
            TomlConfig.parse(
                "a = { log = [1e-3, 1e1] }\nb = { uniform = [-1, 1] }\nc = { choice = [\"x\", 2] }",
                "test"));
    int small = 0;
    for (int i = 0; i < 400; i++) {
      double a = Double.parseDouble(ranges.get("a").draw(Seeds.random(i, "a", 0)));
      assertThat(a).isBetween(1e-3, 1e1);
      small += a < 0.1 ? 1 : 0;
      assertThat(Double.parseDouble(ranges.get("b").draw(Seeds.random(i, "b", 0))))
          .isBetween(-1.0, 1.0);
      assertThat(ranges.get("c").draw(Seeds.random(i, "c", 0))).isIn("x", "2");
    }
    assertThat(small).isBetween(150, 250); // half of the range, in logarithms
  }

  @Test
  void theTestDataHaveNoPartInTheChoice() throws IOException {
    List<TrialResult> clean = run(file(), DataOptions::prepare);
    forget();
    List<TrialResult> testPoisoned =
        run(
            file(),
            (options, seed) -> {
              PreparedData data = options.prepare(seed);
              return poison(data, data.test());
            });
    assertThat(trained).isEqualTo(12);
    assertThat(values(testPoisoned)).isEqualTo(values(clean)).doesNotContain(Double.NaN);
    assertThat(TrialChoice.of(testPoisoned)).isEqualTo(TrialChoice.of(clean));
    forget();

    // The same to the validation data is seen.
    List<TrialResult> validationPoisoned =
        run(
            file(),
            (options, seed) -> {
              PreparedData data = options.prepare(seed);
              return poison(data, data.validation());
            });
    assertThat(values(validationPoisoned)).isNotEqualTo(values(clean));
  }

  @Test
  void finishedTrialsAreKeptAndMoreMayFollow() throws IOException {
    List<TrialResult> first = run(file(), DataOptions::prepare);
    Path kept = out.resolve("fitnets/trial-1/seed-2.json");
    Files.setLastModifiedTime(kept, FileTime.fromMillis(1_000));
    ExperimentFile more = file();
    more =
        new ExperimentFile(
            more.title(), more.arms(), more.tune().map(options -> options.withTrials(4)));

    List<TrialResult> second = run(more, DataOptions::prepare);

    assertThat(trained).isEqualTo(4);
    assertThat(values(second).subList(0, 12)).isEqualTo(values(first));
    assertThat(Files.getLastModifiedTime(kept)).isEqualTo(FileTime.fromMillis(1_000));
    run(file("student.embedding=5"), DataOptions::prepare);
    assertThat(trained).isEqualTo(12);
  }

  @Test
  void theBestMeanIsChosenAndLaidOverTheArms() {
    List<Tuning.Trial> trials = SearchPlan.trials(file(), file().tune().orElseThrow());
    // student-alone: trial 2; fitnets: trial 1, since trial 2 diverged with one seed.
    double[][] values = {{.5, .5}, {.2, .2}, {.4, .6}, {.3, .3}, {.6, .5}, {.9, Double.NaN}};
    List<TrialResult> results =
        Stream.iterate(0, i -> i < 12, i -> i + 1)
            .map(
                i -> {
                  double value = values[i / 2][i % 2];
                  return new TrialResult(
                      trials.get(i / 2), 1 + i % 2, "accuracy", value, Double.isNaN(value), null);
                })
            .toList();

    TunedFile tuned = TrialChoice.of(results);
    Path path = out.resolve("tuned.toml");
    tuned.write(path, "how\nit was made");
    TunedFile read = TunedFile.read(path);

    assertThat(read).isEqualTo(tuned);
    assertThat(read.choices().get(0).set()).isEqualTo(trials.get(4).set());
    assertThat(read.choices().get(0).score()).isEqualTo(.55);
    assertThat(read.choices().get(0).untuned()).isEqualTo(.5);
    assertThat(read.choices().get(1).set()).isEqualTo(trials.get(3).set());
    assertThat(read.describe()).startsWith("Tuned alike: 3 settings tried for each arm");
    ExperimentFile over = read.over(file("train.epochs=9"), "tuned.toml");
    Experiment control = over.arm("fitnets-shuffled");
    assertThat(control.settings().optimizer())
        .isEqualTo(trials.get(3).arm().experiment().settings().optimizer());
    assertThat(control.methodOptions()).isEqualTo(trials.get(3).arm().experiment().methodOptions());
    assertThat(control.settings().train().epochs()).isEqualTo(9);
    assertThat(control.settings().data().validationFraction()).isZero();
  }

  @Test
  void whatCannotBeSearchedIsRefusedBeforeAnythingIsTrained() {
    assertRefused(
        "validation-fraction = 0.3", "validation-fraction = 0", "arm student-alone: data");
    assertRefused("tuned-as = \"fitnets\"", "tuned-as = \"student-alone\"", "of the same method");
    assertRefused("log = [1e-4, 1e-1]", "log = [0, 1]", "tune.space.\"optimizer.learning-rate\"");
    assertRefused("optimizer.learning-rate\"", "optimizer.lerning-rate\"", "did you mean");
    assertRefused("uniform = [1, 2]", "uniform = [-2, -1]", "arm fitnets");
    assertRefused("trials = 3", "trails = 3", "did you mean tune.trials?");
  }

  private void assertRefused(String text, String other, String message) {
    assertThat(CONFIG).contains(text);
    assertThatThrownBy(
            () ->
                run(
                    ExperimentFile.of(
                        TomlConfig.parse(CONFIG.replace(text, other), "test"), List.of()),
                    DataOptions::prepare))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }
}
