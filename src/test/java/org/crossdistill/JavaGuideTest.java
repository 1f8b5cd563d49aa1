package org.crossdistill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.eval.Accuracy;
import org.crossdistill.eval.Verification;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Cmd;
import org.crossdistill.method.CmdOptions;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.Methods;
import org.crossdistill.nn.FeatureEncoder;
import org.crossdistill.nn.Tensors;
import org.crossdistill.train.CheckpointException;
import org.crossdistill.train.EpochReport;
import org.crossdistill.train.OptimizerOptions;
import org.crossdistill.train.TrainOptions;
import org.crossdistill.train.Trainer;
import org.crossdistill.train.TrainingSet;
import org.crossdistill.train.WeightsFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/java.md, compiled and run. */
final class JavaGuideTest {

  private static final Path SOURCE = Path.of("src/test/java/org/crossdistill/JavaGuideTest.java");

  @TempDir Path folder;

  // set
  /** Rows of two modalities, side by side: sounds [N][features] and embeddings of texts [N][D]. */
  record Pairs(float[][] sounds, float[][] texts, int[] labels) implements TrainingSet {

    @Override
    public int size() {
      return labels.length;
    }

    @Override
    public Batch batch(int[] rows, int[] others, RandomGenerator random, double progress) {
      Tensor classes = Tensor.create(IntStream.of(rows).mapToLong(i -> labels[i]).toArray());
      Batch.Side student = Batch.Side.of(of(sounds, rows), classes);
      Batch.Side teacher = Batch.Side.of(null, classes).with(of(texts, others), null);
      return new Batch(student, teacher, null, progress);
    }

    static Tensor of(float[][] all, int[] rows) {
      return Tensors.of(IntStream.of(rows).mapToObj(i -> all[i]).toArray(float[][]::new));
    }
  }

  // set

  /** Every class has a direction in each modality. */
  private static Pairs pairs(int seed, int count) {
    SplittableRandom directions = new SplittableRandom(1);
    float[][] soundOf = rows(directions, 3, 40, null, null);
    float[][] textOf = rows(directions, 3, 16, null, null);
    SplittableRandom random = new SplittableRandom(seed);
    int[] labels = random.ints(count, 0, 3).toArray();
    return new Pairs(
        rows(random, count, 40, soundOf, labels), rows(random, count, 16, textOf, labels), labels);
  }

  private static float[][] rows(
      RandomGenerator random, int count, int size, float[][] centres, int[] labels) {
    float[][] rows = new float[count][size];
    for (int i = 0; i < count; i++) {
      for (int d = 0; d < size; d++) {
        rows[i][d] = (float) random.nextGaussian();
        if (centres != null) {
          rows[i][d] += centres[labels[i]][d];
        }
      }
    }
    return rows;
  }

  @Test
  void exampleTrainsSavesAndLoads() {
    Pairs pairs = pairs(2, 240);
    Pairs validation = pairs(3, 60);
    Path file = folder.resolve("student.safetensors");
    // train
    var random = new SplittableRandom(42); // of the initial weights
    var sizes = new FeatureEncoder.Options(64, 16, 0.2);
    var student = new FeatureEncoder(random, 40, sizes);
    MethodContext context =
        MethodContext.of(student, 3, MarginClassifierLoss.Options.defaults(), random)
            .with(MethodContext.Teacher.ofEmbeddings(16));
    Method method = new Cmd(CmdOptions.defaults(), context);

    TrainOptions options = new TrainOptions(5, 32, 0.1, 0); // 5 epochs, batches of 32
    long seed = 42; // of order, augmentation and dropout
    Trainer trainer = new Trainer(method, pairs, options, OptimizerOptions.defaults(), seed);
    while (!trainer.complete()) {
      EpochReport report =
          trainer.epoch(
              () -> Map.of("accuracy", accuracy(method, validation)), List.of(), () -> false);
      System.out.println(report.epoch() + " " + report.terms() + " " + report.validation());
    }
    WeightsFile.write(file, student);

    var loaded = new FeatureEncoder(new SplittableRandom(0), 40, sizes);
    WeightsFile.read(file, loaded);
    loaded.training(false);
    try (PointerScope scope = new PointerScope()) {
      float[][] embeddings = Tensors.rows(loaded.forward(Tensors.of(validation.sounds())));
      System.out.println("EER " + Verification.ofAllPairs(embeddings, validation.labels()).eer());
    }
    // train
    assertThat(accuracy(method, validation)).isGreaterThan(0.8);
    Methods.Entry entry = Methods.named("fitnets");
    Method other = entry.create().apply(entry.defaults(), context);
    assertThat(other.networks()).containsKey("regressor");
    try (PointerScope scope = new PointerScope()) {
      Tensor sounds = Tensors.of(validation.sounds());
      assertThat(loaded.forward(sounds).equal(student.forward(sounds))).isTrue();
    }
    var wider = new FeatureEncoder(random, 41, sizes);
    assertThatThrownBy(() -> WeightsFile.read(file, wider))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(file + ": tensor linear1.weight: expected F32[64, 41], found F32[64, 40]");
  }

  // accuracy
  static double accuracy(Method method, Pairs pairs) {
    try (PointerScope scope = new PointerScope()) {
      Tensor embeddings = method.student().forward(Tensors.of(pairs.sounds()));
      float[][] scores = Tensors.rows(method.classifier().forward(embeddings)); // [N, C]
      return Accuracy.top1(scores, pairs.labels());
    }
  }

  // accuracy

  @Test
  void guideHoldsExactlyThisExample() throws IOException {
    String source = Files.readString(SOURCE);
    String guide = Files.readString(Path.of("docs/java.md"));
    for (String part : List.of("set", "train", "accuracy")) {
      String indent = part.equals("train") ? " {4}" : " {2}";
      String example = source.split(indent + "// " + part + "\n", -1)[1].strip();
      assertThat(guide).contains(example.replaceAll("(?m)^" + indent, ""));
    }
  }
}
