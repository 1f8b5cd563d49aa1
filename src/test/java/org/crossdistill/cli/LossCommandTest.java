package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.crossdistill.data.DType;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command on small files with answers worked out by hand. */
final class LossCommandTest {

  @TempDir Path folder;
  private Path cases;

  @BeforeEach
  void makeFolder() throws IOException {
    cases = Files.createDirectories(folder.resolve("cases/deep"));
  }

  /** Distance 5 between (3, 4) and (0, 0), margin 2, one row of weight 1. */
  private static Map<String, TensorData> tensors(double loss) {
    Map<String, TensorData> tensors = new HashMap<>();
    tensors.put("in.student", f64(new double[] {3, 4}, 1, 2));
    tensors.put("in.teacher", f64(new double[] {0, 0}, 1, 2));
    tensors.put("out.loss", f64(new double[] {loss}, 1));
    tensors.put("out.grad.student", f64(new double[] {0.6, 0.8}, 1, 2));
    return tensors;
  }

  private static Map<String, String> metadata() {
    return new HashMap<>(
        Map.of("loss", "feature-margin", "distance", "euclidean", "margin", "2.0"));
  }

  private static TensorData f64(double[] values, long... shape) {
    return TensorData.ofDoubles(DType.F64, values, shape);
  }

  private Path write(String name, Map<String, String> metadata, Map<String, TensorData> tensors) {
    Path file = cases.resolve(name + ".safetensors");
    new Safetensors(metadata, tensors).write(file);
    return file;
  }

  @Test
  void rightAnswersPass() {
    write("good", metadata(), tensors(3));
    for (String dtype : new String[] {"f64", "f32", "bf16", "f16"}) {
      CommandRun run = loss("--check", "--dtype", dtype, "--backend", "reference");
      assertThat(run.code()).isZero();
      assertThat(run.out()).contains("feature-margin", "reference", dtype, "1 files", "passed");
      assertThat(run.err()).isEmpty();
    }
  }

  @Test
  void wrongAnswersFail() {
    write("good", metadata(), tensors(3));
    write("wrong", metadata(), tensors(3.001));
    CommandRun run = loss("--check");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).contains("2 files", "FAILED", "loss, wrong.safetensors");
    assertThat(run.out()).contains("worst 3.33e-04 of 1e-10");
    assertThat(loss("--check", "--json").out())
        .contains("\"passed\":false", "\"array\":\"loss\"", "\"worst\":3.3", "\"failures\":[]");
  }

  /** |1 − 3|·|5 − 1| of two neighbours, a loss that is a composition. */
  @Test
  void aKernelThatThereIsNotIsSaidToBeMissingAndTheCompositionIsMeasured() {
    Map<String, TensorData> tensors = new HashMap<>();
    tensors.put("in.student", f64(new double[] {1, 5}, 2, 1));
    tensors.put("in.teacher", f64(new double[] {3, 1}, 2, 1));
    tensors.put("out.loss", f64(new double[] {8}, 1));
    write("neighbours", Map.of("loss", "cc"), tensors);
    CommandRun run = loss("--check", "--backend", "cpu");
    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            "cc: no native kernel for cpu; runs as a composition of LibTorch operations");
    assertThat(run.out()).contains("reference", "passed");
    assertThat(run.code()).isZero();
  }

  @Test
  void answersAreWrittenToTheSameRelativePaths() {
    write("good", metadata(), tensors(3));
    Path out = folder.resolve("new/answers");
    assertThat(loss("--output", out.toString()).code()).isZero();
    Safetensors answer = Safetensors.read(out.resolve("deep/good.safetensors"));
    assertThat(answer.metadata()).isEqualTo(metadata());
    assertThat(answer.tensors().keySet())
        .containsExactly(
            "out.grad.student", "out.grad.teacher", "out.grad.weights", "out.loss", "out.rows");
    assertThat(answer.tensor("out.loss").toDoubles()).containsExactly(3);
    assertThat(answer.tensor("out.loss").shape()).containsExactly(1);
    assertThat(answer.tensor("out.grad.teacher").toDoubles())
        .containsExactly(new double[] {-0.6, -0.8}, within(1e-15));
  }

  @Test
  void theAnswerToOneFileLiesInTheFolderItself() {
    Path file = write("good", metadata(), tensors(3));
    Path out = folder.resolve("answers");
    assertThat(CommandRun.of("loss", file.toString(), "--output", out.toString()).code()).isZero();
    assertThat(out.resolve("good.safetensors")).exists();
  }

  @Test
  void outputThatCannotBeWrittenIsOneLineForAllFiles() throws IOException {
    write("one", metadata(), tensors(3));
    write("two", metadata(), tensors(3));
    Path occupied = Files.writeString(folder.resolve("occupied"), "text");
    CommandRun run = loss("--output", occupied.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err().lines()).singleElement().asString().contains("occupied");
    assertThat(Files.readString(occupied)).isEqualTo("text");
  }

  @Test
  void theRequestItselfIsNeverReplaced() {
    Path file = write("good", metadata(), tensors(3));
    CommandRun run = loss("--output", folder.resolve("cases").toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("would replace");
    assertThat(Safetensors.read(file).tensors()).containsKey("in.student");
  }

  @Test
  void whatCannotBeDoneIsNamedAndTheRestIsDone() throws IOException {
    write("good", metadata(), tensors(3));
    write("unknown-loss", with("loss", "feature-marign"), tensors(3));
    write("unknown-parameter", with("colour", "red"), tensors(3));
    write("bad-margin", with("margin", "-1"), tensors(3));
    write("not-a-number", metadata(), and("in.teacher", f64(new double[] {0, Double.NaN}, 1, 2)));
    write("bad-distance", with("distance", "far"), tensors(3));
    write("unknown-input", metadata(), and("in.pupil", f64(new double[] {1}, 1)));
    write("bad-shape", metadata(), and("in.teacher", f64(new double[] {1}, 1, 1)));
    write("no-such-answer", metadata(), and("out.grad.pupil", f64(new double[] {1}, 1)));
    Files.writeString(cases.resolve("corrupt.safetensors"), "nothing of the kind");
    CommandRun run = loss("--check");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.out()).contains("1 files", "passed", "9 files failed");
    assertThat(run.err().lines()).hasSize(9).noneMatch(line -> line.contains("\tat "));
    assertNamed(run, "unknown-loss", "unknown loss 'feature-marign'", "feature-margin");
    assertNamed(run, "unknown-parameter", "colour");
    assertNamed(run, "bad-margin", "margin: expected", "-1");
    assertNamed(run, "not-a-number", "in.teacher: expected finite numbers, found NaN in row 0");
    assertNamed(run, "bad-distance", "distance: expected one of normalized", "far");
    assertNamed(run, "unknown-input", "in.pupil", "student");
    assertNamed(run, "bad-shape", "teacher: expected f64 [1, 2]", "found f64 [1, 1]");
    assertNamed(run, "no-such-answer", "out.grad.pupil");
    assertNamed(run, "corrupt", "corrupt.safetensors");
  }

  /** What a loss says of no rows at all; their gradients have no elements. */
  @Test
  void filesWithoutRowsAreAnswered() {
    Map<String, TensorData> tensors = new HashMap<>();
    tensors.put("in.student", f64(new double[0], 0, 2));
    tensors.put("in.teacher", f64(new double[0], 0, 2));
    tensors.put("out.loss", f64(new double[] {0}, 1));
    tensors.put("out.grad.student", f64(new double[0], 0, 2));
    write("empty", metadata(), tensors);
    for (String backend : new String[] {"cpu", "reference"}) {
      CommandRun run = loss("--check", "--backend", backend);
      assertThat(run.err()).isEmpty();
      assertThat(run.code()).isZero();
    }
  }

  @Test
  void answersThatCannotBeCheckedAreWrittenAllTheSame() {
    Map<String, TensorData> request = tensors(3);
    request.keySet().removeIf(name -> name.startsWith("out."));
    Path file = write("request", metadata(), request);
    Path answers = folder.resolve("answers");
    CommandRun run = loss("--check", "--output", answers.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("nothing to check");
    assertThat(Safetensors.read(answers.resolve("deep").resolve(file.getFileName())).tensors())
        .containsKey("out.loss");
  }

  private static void assertNamed(CommandRun run, String file, String... parts) {
    assertThat(run.err().lines())
        .filteredOn(line -> line.contains("/" + file + ".safetensors"))
        .singleElement()
        .asString()
        .contains(parts);
  }

  private static Map<String, String> with(String name, String value) {
    Map<String, String> metadata = metadata();
    metadata.put(name, value);
    return metadata;
  }

  private static Map<String, TensorData> and(String name, TensorData data) {
    Map<String, TensorData> tensors = tensors(3);
    tensors.put(name, data);
    return tensors;
  }

  @Test
  void unusedParametersOfAKindAreAcceptedAndMissingOnesHaveDefaults() {
    Map<String, TensorData> tensors = new HashMap<>();
    tensors.put("in.embeddings", f64(new double[] {2, 0}, 1, 2));
    tensors.put("in.classifier", f64(new double[] {1, 0, 0, 1}, 2, 2));
    tensors.put("in.labels", TensorData.ofLongs(DType.I64, new long[] {0}, 1));
    tensors.put("out.loss", f64(new double[] {Math.log1p(Math.exp(-2))}, 1));
    write(
        "softmax",
        Map.of("loss", "margin-classifier", "kind", "softmax", "scale", "-5", "margin", "99"),
        tensors);
    tensors.put("out.loss", f64(new double[] {Math.log1p(Math.exp(-32 * Math.cos(0.2)))}, 1));
    write("defaults", Map.of("loss", "margin-classifier"), tensors);
    CommandRun run = loss("--check");
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isZero();
  }

  @Test
  void nothingToDoIsAnError() {
    assertThat(loss().err()).contains("expected files *.safetensors, found none");
    assertThat(loss().code()).isEqualTo(1);
    CommandRun missing = CommandRun.of("loss", folder.resolve("nowhere").toString());
    assertThat(missing.code()).isEqualTo(1);
    assertThat(missing.err()).contains("no such file or folder");
    write("no-answer", metadata(), Map.of("in.student", f64(new double[] {1}, 1, 1)));
    assertThat(loss("--check").code()).isEqualTo(1);
  }

  @Test
  void wrongOptionsAreUsageErrors() {
    CommandRun run = loss("--dtype", "f8");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--dtype", "expected one of f64, f32, bf16, f16; found 'f8'");
    assertThat(loss("--backend", "gpu").code()).isEqualTo(2);
  }

  private CommandRun loss(String... options) {
    String[] arguments = new String[options.length + 2];
    arguments[0] = "loss";
    arguments[1] = folder.resolve("cases").toString();
    System.arraycopy(options, 0, arguments, 2, options.length);
    return CommandRun.of(arguments);
  }
}
