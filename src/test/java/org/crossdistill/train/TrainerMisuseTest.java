package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.StudentAlone;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Linear;
import org.crossdistill.nn.Tensors;
import org.crossdistill.nn.TorchThreads;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainers used as they are not meant to be, and networks that are unlike the library's own. */
final class TrainerMisuseTest {

  private static final SyntheticPairs PAIRS = new SyntheticPairs(33);
  private static final TrainOptions OPTIONS = new TrainOptions(2, 8, 0.1, 0);

  @BeforeAll
  static void oneThread() {
    TorchThreads.set(1);
  }

  private static Trainer trainer(Method method) {
    return trainer(method, PAIRS, OptimizerOptions.defaults());
  }

  private static Trainer trainer(Method method, TrainingSet set, OptimizerOptions optimizer) {
    return new Trainer(method, set, OPTIONS, optimizer, 5);
  }

  private static boolean run(Trainer trainer) {
    return trainer.run(List.of(), () -> false);
  }

  private static Map<String, float[]> student(Method method) {
    Map<String, float[]> values = new TreeMap<>();
    method.student().state().forEach((name, value) -> values.put(name, Tensors.floats(value)));
    return values;
  }

  private static void assertSame(Map<String, float[]> found, Map<String, float[]> expected) {
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    found.forEach((name, values) -> assertThat(values).as(name).isEqualTo(expected.get(name)));
  }

  private static Map<String, float[]> trained() {
    Method method = SyntheticPairs.method(1);
    run(trainer(method));
    return student(method);
  }

  @Test
  void callersThatWantNoGradientsGetTheSameTraining() {
    Method method = SyntheticPairs.method(1);
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      run(trainer(method));
    }
    assertSame(student(method), trained());

    Method other;
    try (PointerScope scope = new PointerScope();
        InferenceMode inference = new InferenceMode(true)) {
      other = SyntheticPairs.method(1);
      run(trainer(other));
    }
    assertSame(student(other), trained());
  }

  @Test
  void trainerMadeLaterTakesTheMethod() {
    Method method = SyntheticPairs.method(1);
    Trainer first = trainer(method);
    Trainer second = trainer(method);

    assertThatThrownBy(() -> run(first))
        .isInstanceOf(TrainerException.class)
        .hasMessage(
            "trainer: expected the method's parameters, found them with a trainer made later");
    assertThat(run(second)).isTrue();
    assertSame(student(method), trained());
  }

  @Test
  void epochLeftInTheMiddleEndsTheTrainer() {
    Method method = SyntheticPairs.method(1);
    Trainer trainer = trainer(method);
    int[] asked = {0};

    assertThat(trainer.run(List.of(), () -> ++asked[0] > 7)).isFalse();

    assertThat(method.student().training()).isFalse();
    assertThatThrownBy(() -> run(trainer))
        .isInstanceOf(TrainerException.class)
        .hasMessage(
            "trainer: expected a new one, since epoch 2 was left in the middle, found this one");
    assertThat(trainer.epochsDone()).isEqualTo(1);
  }

  @Test
  void failedValidationLeavesAWholeEpoch() {
    Method method = SyntheticPairs.method(1);
    Trainer trainer = trainer(method);

    assertThatThrownBy(
            () ->
                trainer.epoch(
                    () -> {
                      throw new CheckpointException("mine");
                    },
                    List.of(),
                    () -> false))
        .hasMessage("mine");

    assertThat(trainer.epochsDone()).isEqualTo(1);
    assertThat(run(trainer)).isTrue();
    assertSame(student(method), trained());
  }

  @Test
  void frozenParametersStay() {
    Method method = SyntheticPairs.method(1);
    Tensor weight = method.student().parameters().get("projection.weight");
    float[] before = Tensors.floats(weight);
    float[] classes = Tensors.floats(method.classifier().parameters().get("weight"));
    method.student().freeze();

    run(trainer(method));

    assertThat(Tensors.floats(weight)).isEqualTo(before);
    assertThat(Tensors.floats(method.classifier().parameters().get("weight")))
        .isNotEqualTo(classes);
  }

  /** No bias and no norm: nothing but a matrix. */
  private static final class OneMatrix extends Backbone {

    private final Linear linear =
        child("linear", Linear.withoutBias(new SplittableRandom(1), 192, 6));

    @Override
    public int embeddingSize() {
      return 6;
    }

    @Override
    public Tensor forward(Tensor input) {
      return linear.forward(input.flatten(1, -1));
    }
  }

  private static Method oneMatrix() {
    return new StudentAlone(
        StudentAlone.Options.defaults(),
        MethodContext.of(
            new OneMatrix(), 3, MarginClassifierLoss.Options.defaults(), new SplittableRandom(2)));
  }

  @Test
  void networkWithoutVectorsTrains() {
    Method method = oneMatrix();
    float[] before = student(method).get("linear.weight");
    assertThat(run(trainer(method))).isTrue();
    assertThat(student(method).get("linear.weight")).isNotEqualTo(before);
  }

  /** The pairs, with every batch put through a change. */
  private record Changed(UnaryOperator<Batch> change) implements TrainingSet {

    @Override
    public int size() {
      return PAIRS.size();
    }

    @Override
    public Batch batch(int[] rows, int[] others, RandomGenerator random, double progress) {
      return change.apply(PAIRS.batch(rows, others, random, progress));
    }
  }

  private static void refused(String message, TrainingSet set) {
    Trainer trainer = trainer(SyntheticPairs.method(1), set, OptimizerOptions.defaults());
    assertThatThrownBy(() -> run(trainer)).isInstanceOf(TrainerException.class).hasMessage(message);
  }

  @Test
  void batchOfOtherRowsThanAskedForIsRefused() {
    refused("training set: expected a batch of 8 rows, found none", new Changed(batch -> null));
    refused(
        "training set: expected a batch of 8 rows, found 2",
        new Changed(
            batch ->
                Batch.of(
                    batch.student().input().narrow(0, 0, 2), batch.labels().narrow(0, 0, 2), 0)));
  }

  @Test
  void weightsThatAreNoNumbersAreNotWritten(@TempDir Path folder) {
    Method method = oneMatrix();
    Path file = folder.resolve("weights.safetensors");
    method.student().parameters().get("linear.weight").detach().mul_(new Scalar(Double.NaN));

    assertThatThrownBy(() -> WeightsFile.write(file, method.student()))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            file + ": tensor linear.weight: expected finite numbers, found NaN at element 0");

    assertThat(file).doesNotExist();
  }
}
