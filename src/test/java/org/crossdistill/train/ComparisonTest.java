package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.ResultRow;
import org.crossdistill.train.Comparison.Finished;
import org.crossdistill.train.Comparison.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {

  private static final Provenance PROVENANCE = new Provenance("1.0", "cpu");

  /** Small enough for a test: one epoch on two examples a class, in small pictures. */
  private static final String CONFIG =
      """
      seeds = [3]
      [data]
      split = "closed"
      label = "group"
      per-class = 2
      picture-size = 8
      [student]
      channels = [4]
      embedding = 4
      [train]
      epochs = 1
      batch-size = 8
      [[arm]]
      name = "alone"
      method = { name = "none" }
      [[arm]]
      name = "other"
      method = { name = "none" }
      """;

  private static final String TWO_DATA_SETS =
      CONFIG.replace("seeds = [3]", "seeds = [3, 4]")
          + """
          data-sets = ["few"]
          [[data-set]]
          name = "few"
          [[data-set]]
          name = "more"
          data = { per-class = 3 }
          """;

  @TempDir private Path out;
  private int trained;

  private static ExperimentFile file(String... assignments) {
    return ExperimentFile.of(TomlConfig.parse(CONFIG, "test"), List.of(assignments));
  }

  private List<Outcome> run(ExperimentFile file, Finished finished) {
    return run(file, finished, 1, () -> false);
  }

  private List<Outcome> run(
      ExperimentFile file, Finished finished, int workers, BooleanSupplier pause) {
    Comparison.Listener listener =
        new Comparison.Listener() {
          @Override
          public void onStart(int kept, int toTrain) {
            trained = toTrain;
          }

          @Override
          public void onStep(Comparison.Cell cell, long step, long totalSteps) {
            assertThat(step).isLessThanOrEqualTo(totalSteps);
          }

          @Override
          public void onOutcome(Outcome outcome) {
            assertThat(outcome.cell().seed()).isIn(3L, 4L);
          }
        };
    int threads = torch.get_num_threads();
    try {
      Comparison.Plan plan = new Comparison.Plan(out, workers, PROVENANCE, finished);
      return new Comparison(file, plan, listener, () -> false, pause).run();
    } finally {
      torch.set_num_threads(threads);
    }
  }

  private FileTime modelOf(String arm) throws IOException {
    return Files.getLastModifiedTime(out.resolve(arm).resolve("seed-3/model.safetensors"));
  }

  private void age(String arm) throws IOException {
    Files.setLastModifiedTime(
        out.resolve(arm).resolve("seed-3/model.safetensors"), FileTime.fromMillis(1_000));
  }

  @Test
  void finishedTrainingsAreKeptWithAllTheyGave() throws IOException {
    List<Outcome> first = run(file(), Finished.KEEP);
    age("alone");
    age("other");
    // Another seed beside it is no other training.
    List<Outcome> again = run(file("seeds=[3, 4]"), Finished.KEEP);

    assertThat(again).hasSize(4);
    assertThat(again.subList(0, 2)).usingRecursiveComparison().isEqualTo(first);
    assertThat(first.get(0).epochs()).hasSize(1);
    assertThat(first.get(0).metrics()).containsKeys(Metric.ACCURACY, Metric.SECONDS);
    assertThat(modelOf("alone")).isEqualTo(FileTime.fromMillis(1_000));
  }

  @Test
  void whatIsNotTheSameIsTrainedAgain() throws IOException {
    run(file(), Finished.KEEP);
    age("alone");
    age("other");
    run(file("optimizer.learning-rate=1e-4"), Finished.KEEP);
    assertThat(modelOf("alone")).isGreaterThan(FileTime.fromMillis(1_000));

    age("other");
    run(file("optimizer.learning-rate=1e-4"), Finished.REPEAT);
    assertThat(modelOf("other")).isGreaterThan(FileTime.fromMillis(1_000));
  }

  @Test
  void aTrainingThatDidNotEndIsNoFinishedOne() throws IOException {
    run(file(), Finished.KEEP);
    Files.delete(out.resolve("alone/seed-3/card.json"));
    age("alone");
    run(file(), Finished.KEEP);
    assertThat(modelOf("alone")).isGreaterThan(FileTime.fromMillis(1_000));
  }

  @Test
  void oneThatFailsDoesNotEndTheOthers() throws IOException {
    Files.createDirectories(out);
    Files.writeString(out.resolve("alone"), "a file where a folder should be");
    List<Outcome> outcomes = run(file(), Finished.KEEP);
    assertThat(outcomes.get(0).failure()).contains(out.resolve("alone").toString());
    assertThat(outcomes.get(0).metrics()).isEmpty();
    assertThat(outcomes.get(1).failure()).isNull();
    assertThat(outcomes.get(1).metrics().get(Metric.ACCURACY)).isBetween(0.0, 1.0);
    List<Map<Metric, Double>> all = new ArrayList<>();
    outcomes.forEach(outcome -> all.add(outcome.metrics()));
    assertThat(Comparison.rows(file(), outcomes, Arm::data)).hasSize(2);
  }

  @Test
  void everyArmRunsOnEveryDataSetThatItNames() {
    ExperimentFile file = ExperimentFile.of(TomlConfig.parse(TWO_DATA_SETS, "test"), List.of());

    List<Outcome> outcomes = run(file, Finished.KEEP);

    assertThat(outcomes.stream().map(o -> o.cell().toString()))
        .containsExactly(
            "few: alone seed 3",
            "few: other seed 3",
            "more: alone seed 3",
            "few: alone seed 4",
            "few: other seed 4",
            "more: alone seed 4");
    assertThat(out.resolve("more/alone/seed-4/model.safetensors")).exists();
    List<ResultRow> rows = Comparison.rows(file, outcomes, Arm::dataName);
    assertThat(rows.stream().map(row -> row.data() + " " + row.name()))
        .containsExactly("few alone", "few other", "more alone");
    assertThat(rows.get(2).values().get(Metric.ACCURACY))
        .containsExactly(
            outcomes.get(2).metrics().get(Metric.ACCURACY),
            outcomes.get(5).metrics().get(Metric.ACCURACY));
    // The two arms are one method under two names.
    assertThat(outcomes.get(0).metrics().get(Metric.ACCURACY))
        .isEqualTo(outcomes.get(1).metrics().get(Metric.ACCURACY));
  }

  @Test
  void whatWasPausedGoesOnToTheSameBits() throws IOException {
    ExperimentFile file = file("train.epochs=3");
    run(file, Finished.KEEP);
    byte[] model = Files.readAllBytes(out.resolve("alone/seed-3/model.safetensors"));
    byte[] metrics = Files.readAllBytes(out.resolve("alone/seed-3/metrics.jsonl"));
    run(file("train.epochs=1"), Finished.REPEAT);
    AtomicInteger asked = new AtomicInteger();

    // Asked before the first training and before each of its epochs: two epochs are done.
    List<Outcome> first = run(file, Finished.KEEP, 1, () -> asked.incrementAndGet() > 3);

    assertThat(first).allMatch(Outcome::isLeft);
    assertThat(out.resolve("alone/seed-3/paused.json")).exists();
    assertThat(Files.readAllLines(out.resolve("alone/seed-3/metrics.jsonl"))).hasSize(2);
    assertThat(out.resolve("other/seed-3/paused.json")).doesNotExist();
    List<Outcome> second = run(file, Finished.KEEP);
    assertThat(trained).isEqualTo(2);
    assertThat(second.get(0).epochs()).hasSize(3);
    assertThat(Files.readAllBytes(out.resolve("alone/seed-3/model.safetensors"))).isEqualTo(model);
    assertThat(Files.readAllBytes(out.resolve("alone/seed-3/metrics.jsonl"))).isEqualTo(metrics);
    assertThat(out.resolve("alone/seed-3/paused.json")).doesNotExist();
    assertThat(out.resolve("alone/seed-3/last.safetensors")).doesNotExist();
  }

  @Test
  void howManyRunSideBySideChangesNoBit() throws IOException {
    run(file(), Finished.REPEAT, 1, () -> false);
    byte[] one = Files.readAllBytes(out.resolve("other/seed-3/model.safetensors"));
    run(file(), Finished.REPEAT, 2, () -> false);
    assertThat(Files.readAllBytes(out.resolve("other/seed-3/model.safetensors"))).isEqualTo(one);
  }
}
