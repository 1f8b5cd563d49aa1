package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.MemoryProbe;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Method;
import org.crossdistill.method.NonFiniteException;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Tensors;
import org.crossdistill.nn.TorchThreads;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class TrainerTest {

  private static final SyntheticPairs PAIRS = new SyntheticPairs(33);
  private static final OptimizerOptions OPTIMIZER = OptimizerOptions.defaults();

  /**
   * What determinism is promised for: with several threads LibTorch's convolutions differ in bits.
   */
  @BeforeAll
  static void oneThread() {
    TorchThreads.set(1);
  }

  private static TrainOptions epochs(int epochs) {
    return new TrainOptions(epochs, 8, 0.1, 0);
  }

  private static Trainer trainer(Method method, int epochs) {
    return new Trainer(method, PAIRS, epochs(epochs), OPTIMIZER, 5);
  }

  private static List<EpochReport> run(Trainer trainer) {
    List<EpochReport> reports = new ArrayList<>();
    trainer.run(
        List.of(
            new TrainingListener() {
              @Override
              public void onEpoch(EpochReport report) {
                reports.add(report);
              }
            }),
        () -> false);
    return reports;
  }

  private static Map<String, List<Float>> values(Trainer trainer) {
    Map<String, List<Float>> values = new TreeMap<>();
    trainer
        .state()
        .forEach(
            (name, tensor) -> {
              List<Float> list = new ArrayList<>();
              for (float v : Tensors.floats(tensor)) {
                list.add(v);
              }
              values.put(name, list);
            });
    return values;
  }

  @Test
  void everyTermOfTheLossFalls() {
    List<EpochReport> reports = run(trainer(SyntheticPairs.method(1), 30));

    Map<String, Double> first = reports.get(0).terms();
    Map<String, Double> last = reports.get(29).terms();
    for (String term : List.of("identity", "feature", "teacher")) {
      assertThat(last.get(term)).as(term).isLessThan(0.7 * first.get(term));
    }
    assertThat(reports.get(0).samples()).isEqualTo(33);
    assertThat(reports.get(29).learningRate()).isLessThan(1e-4);
  }

  @Test
  void theSameSeedGivesTheSameBits() {
    Trainer one = trainer(SyntheticPairs.method(1), 4);
    Trainer two = trainer(SyntheticPairs.method(1), 4);

    List<EpochReport> reports = run(one);
    List<EpochReport> again = run(two);

    assertThat(values(two)).isEqualTo(values(one));
    for (int i = 0; i < 4; i++) {
      assertThat(again.get(i).terms()).isEqualTo(reports.get(i).terms());
    }
  }

  @Test
  void anotherSeedGivesOtherBits() {
    Trainer one = trainer(SyntheticPairs.method(1), 2);
    Trainer two = new Trainer(SyntheticPairs.method(1), PAIRS, epochs(2), OPTIMIZER, 6);

    run(one);
    run(two);

    assertThat(values(two)).isNotEqualTo(values(one));
  }

  @Test
  void aResumedTrainingGivesTheSameBits(@TempDir Path folder) {
    Trainer whole = trainer(SyntheticPairs.method(1), 5);
    run(whole);

    Method method = SyntheticPairs.method(1);
    Trainer half = trainer(method, 5);
    half.epoch(Map::of, List.of(), () -> false);
    half.epoch(Map::of, List.of(), () -> false);
    Path file = folder.resolve("last.safetensors");
    Checkpoint.write(file, half, new BestModels(method), "config", 5);
    // Other initial values, all of which the checkpoint must replace.
    Method fresh = SyntheticPairs.method(99);
    Trainer resumed = trainer(fresh, 5);
    Checkpoint.read(file, resumed, new BestModels(fresh), "config", 5);
    run(resumed);

    assertThat(resumed.epochsDone()).isEqualTo(5);
    assertThat(values(resumed)).isEqualTo(values(whole));
  }

  @Test
  void aCheckpointOfAnotherConfigurationIsRefused(@TempDir Path folder) {
    Method method = SyntheticPairs.method(1);
    Trainer trainer = trainer(method, 2);
    Path file = folder.resolve("last.safetensors");
    Checkpoint.write(file, trainer, new BestModels(method), "{\"a\":1}", 5);

    assertThatThrownBy(() -> Checkpoint.read(file, trainer, new BestModels(method), "{\"a\":2}", 5))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("config: expected {\"a\":2}, found {\"a\":1}");
  }

  @Test
  void aRequestToStopDropsTheEpochUnderWay() {
    Trainer trainer = trainer(SyntheticPairs.method(1), 5);
    int[] asked = {0};

    EpochReport first = trainer.epoch(Map::of, List.of(), () -> ++asked[0] > 7);
    EpochReport second = trainer.epoch(Map::of, List.of(), () -> ++asked[0] > 7);

    assertThat(first).isNotNull();
    assertThat(second).isNull();
    assertThat(trainer.epochsDone()).isEqualTo(1);
    assertThat(trainer.complete()).isFalse();
  }

  /** The pairs, with NaN in every picture or every text from some step on. */
  private record Poisoned(boolean pictures, int steps, int[] given) implements TrainingSet {

    Poisoned(boolean pictures, int steps) {
      this(pictures, steps, new int[1]);
    }

    @Override
    public int size() {
      return PAIRS.size();
    }

    @Override
    public Batch batch(int[] rows, int[] others, RandomGenerator random, double progress) {
      Batch batch = PAIRS.batch(rows, others, random, progress);
      if (++given[0] >= steps) {
        (pictures ? batch.student().input() : batch.teacher().embedding())
            .mul_(new Scalar(Double.NaN));
      }
      return batch;
    }
  }

  private static void assertDiverges(Method method, TrainingSet data, String message) {
    Trainer trainer = new Trainer(method, data, epochs(3), OPTIMIZER, 5);
    assertThatThrownBy(() -> run(trainer))
        .isInstanceOf(DivergenceException.class)
        .hasMessageStartingWith("training diverged in epoch ")
        .hasMessageContaining(message);
  }

  @Test
  void aLossThatIsNoNumberEndsTheTraining() {
    // Four steps an epoch.
    String identity = "epoch 2, step 2: the loss term identity is NaN";
    assertDiverges(SyntheticPairs.alone(1), new Poisoned(true, 6), identity);
    String student = "epoch 1, step 3: the loss term weight: student: row 0";
    assertDiverges(SyntheticPairs.method(1), new Poisoned(true, 3), student);
    String teacher = "epoch 2, step 1: the loss term weight: teacher: row 0";
    assertDiverges(SyntheticPairs.method(1), new Poisoned(false, 5), teacher);
  }

  @Test
  void theFirstStepThatWentWrongIsNamed() {
    TermMeans means = new TermMeans(7);
    for (double value : new double[] {1, Double.POSITIVE_INFINITY, Double.NaN}) {
      means.add(
          Map.of("good", Tensor.create(1.0).squeeze(), "bad", Tensor.create(value).squeeze()));
    }
    NonFiniteException later =
        new NonFiniteException("weight", new CheckpointException("too late"));

    assertThatThrownBy(() -> means.diverged(later))
        .isInstanceOf(DivergenceException.class)
        .hasMessage("training diverged in epoch 7, step 2: the loss term bad is NaN");
  }

  @Test
  void bestModelComesBack() {
    Method method = SyntheticPairs.method(1);
    Tensor weight = ((Classifier) method.classifier()).weight();
    BestModels best = new BestModels(method);
    float[] atBest = Tensors.floats(weight);
    best.offer(Role.STUDENT, 0.5);
    weight.detach().mul_(new Scalar(2));
    best.offer(Role.STUDENT, 0.4);

    best.restore();

    assertThat(Tensors.floats(weight)).containsExactly(atBest);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "resident memory is read from /proc")
  void memoryStaysFlatOverTwoThousandSteps() throws Exception {
    MemoryProbe.Growth lastThousand = MemoryProbe.process(TrainingProbe.class);

    assertThat(lastThousand.total()).as("%s", lastThousand).isLessThan(5_000_000);
    assertThat(lastThousand.lowerQuartileResident()).as("%s", lastThousand).isLessThan(32 * 1024);
    assertThat(lastThousand.pointers()).allSatisfy(count -> assertThat(count).isNotPositive());
  }
}
