package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.crossdistill.TinyDigits;
import org.crossdistill.data.Safetensors;
import org.crossdistill.method.Methods;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** From the user's pictures and sounds to a model and its answers, or to one line that says why. */
final class DigitsCommandTest {

  @TempDir Path folder;

  @BeforeEach
  void write() {
    TinyDigits.write(folder);
  }

  private CommandRun train(String student, String method, Path out, String... more) {
    Path file = TinyDigits.config(folder, student, method);
    List<String> arguments =
        new ArrayList<>(List.of("train", file.toString(), "--out", out.toString()));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments.toArray(String[]::new));
  }

  private void assertRefused(String student, String method, String message, String... more) {
    Path out = folder.resolve("refused");
    CommandRun run = train(student, method, out, more);
    // The first command of a process also says which backend runs.
    assertThat(run.err().lines().filter(line -> !line.contains("Backends - backend:")))
        .singleElement()
        .asString()
        .startsWith("crossdistill: ")
        .contains(message);
    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(out).doesNotExist();
  }

  static List<String> methods() {
    return Methods.all().stream().map(Methods.Entry::name).toList();
  }

  @ParameterizedTest
  @MethodSource("methods")
  void everyMethodTrainsOnPicturesAndSounds(String method) {
    for (String student : List.of("sound", "picture")) {
      Path out = folder.resolve(method + "-" + student);
      CommandRun run = train(student, method, out);
      assertThat(run.err().lines()).allMatch(line -> line.startsWith("epoch"));
      assertThat(run.code()).isZero();
      assertThat(out.resolve("model.safetensors")).exists();
    }
  }

  @Test
  void eachModelOfDiscomKdAnswersForItsModality() throws IOException {
    Path out = folder.resolve("run");
    assertThat(train("sound", "discom-kd", out).code()).isZero();
    assertThat(Files.readString(out.resolve("card.json"))).contains("other-model.safetensors");

    CommandRun sound = predict(out.resolve("model.safetensors"), "test-0.wav");
    assertThat(sound.out()).contains("\"sound\":").contains("\"logit\":").doesNotContain("cosine");
    Files.write(folder.resolve("one.png"), png());
    CommandRun picture = predict(out.resolve("other-model.safetensors"), "one.png");
    assertThat(picture.out()).contains("\"picture\":").contains("\"logit\":");
    CommandRun wrong = predict(out.resolve("model.safetensors"), "one.png");
    assertThat(wrong.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(wrong.err()).contains("one.png: expected a WAV file").hasLineCount(1);

    assertThat(train("sound", "cmd", out, "--overwrite", "--set", "method.head=none").code())
        .isZero();
    assertThat(out.resolve("other-model.safetensors")).doesNotExist();
    assertThat(predict(out.resolve("model.safetensors"), "test-0.wav").out())
        .contains("\"cosine\":")
        .doesNotContain("logit");
  }

  private CommandRun predict(Path model, String file) {
    return CommandRun.of(
        "predict", "--json", "--model", model.toString(), folder.resolve(file).toString());
  }

  private static byte[] png() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB), "png", out);
    return out.toByteArray();
  }

  @Test
  void methodsThatNeedPairsAreRefusedWithoutThem() {
    String none = "data.pairing=none";
    for (String method : List.of("cmd", "kd", "c2kd", "at", "crd", "simkd")) {
      assertRefused(
          "sound",
          method,
          "needs pairs of both modalities; data.pairing = \"none\" gives none",
          "--set",
          none);
    }
    Path out = folder.resolve("run");
    assertThat(train("sound", "discom-kd", out, "--set", none).code()).isZero();
  }

  @Test
  void teacherThatDoesNotFitIsRefused() {
    assertRefused(
        "sound",
        "kd",
        "teacher.kind = \"embedding\" takes no pictures",
        "--set",
        "teacher.kind=embedding");
    assertRefused(
        "picture", "c2kd", "teacher.kind = \"embedding\"", "--set", "teacher.kind=embedding");
  }

  @Test
  void optionsThatDoNotFitAreRefused() {
    assertRefused(
        "sound", "none", "batch-size: expected at least 2, found 1", "--set", "train.batch-size=1");
    assertRefused(
        "sound",
        "cmd",
        "control: expected none or shuffled",
        "--set",
        "data.control=shuffled-within-class");
    assertRefused(
        "sound",
        "cmd",
        "sounds.pair-column: expected the column that pairs examples",
        "--set",
        "data.pairing=example");
    assertRefused(
        "sound",
        "cmd",
        "data.name: expected one of emoji, av-digits, paired-latents, found cats",
        "--set",
        "data.name=cats");
  }

  @Test
  void examplePairsTrainAndWrongOnesAreRefused() throws IOException {
    String[] example = {
      "--set",
      "data.pairing=example",
      "--set",
      "data.sounds.pair-column=picture",
      "--set",
      "method.head=none"
    };
    assertThat(train("sound", "cmd", folder.resolve("run"), example).code()).isZero();
    assertRefused("picture", "cmd", "student: expected sound where examples are paired", example);
    Path manifest = folder.resolve("manifest.csv");
    String rows = Files.readString(manifest);
    Files.writeString(manifest, rows.replace("train-4.wav,1,train,4", "train-4.wav,1,train,40"));
    assertRefused("sound", "cmd", "sample 'train-4.wav': expected its pair '40'", example);
    Files.writeString(manifest, rows.replace("train-4.wav,1,train,4", "train-4.wav,1,train,5"));
    assertRefused("sound", "cmd", "its pair '5' in the same class, found '2'", example);
  }

  @Test
  void classesThatOneModalityLacksAreRefused() throws IOException {
    Path manifest = folder.resolve("manifest.csv");
    String rows = Files.readString(manifest);
    Files.writeString(manifest, rows.replace("train-4.wav,1", "train-4.wav,eleven"));
    assertRefused("sound", "cmd", "found none named 'eleven' (sample 'train-4.wav')");
    Files.writeString(manifest, rows.replaceAll("(?m)^t.*wav,2,.*\\R", ""));
    assertRefused("sound", "cmd", "found none named '2' (sample '2')");
    Files.writeString(manifest, rows.replace("test-0.wav,0,test", "test-0.wav,0,none"));
    Path out = folder.resolve("run");
    assertThat(train("sound", "none", out).code()).isZero();
  }

  @Test
  void oneClassIsRefused() throws IOException {
    for (String part : List.of("train", "test")) {
      int count = part.equals("train") ? 15 : 6;
      Files.write(folder.resolve(part + "-labels"), TinyDigits.idx(new byte[count], count));
    }
    Path manifest = folder.resolve("manifest.csv");
    Files.writeString(manifest, Files.readString(manifest).replaceAll("wav,[12],", "wav,0,"));
    assertRefused("sound", "none", "expected at least two classes, found only [0]");
  }

  /** Before the teacher is trained; of a method without one, too. */
  @Test
  void samplesThatAreAllTheSameAreRefused() throws IOException {
    Path manifest = folder.resolve("manifest.csv");
    StringBuilder rows = new StringBuilder("file,label,split\n");
    for (int i = 0; i < 900; i++) { // more than are embedded at a time
      rows.append("train-0.wav,%d,train\ntest-0.wav,%d,test\n".formatted(i % 3, i % 3));
    }
    Files.writeString(manifest, rows);
    String expected = "samples of sound: expected some that differ, found the same for all 720 of";
    for (String method : List.of("cmd", "c2kd", "discom-kd")) {
      assertRefused("picture", method, expected);
    }
    TinyDigits.write(folder);
    Files.write(folder.resolve("train-images"), TinyDigits.idx(new byte[15 * 64], 15, 8, 8));
    assertRefused("sound", "cmd", "samples of picture: expected some that differ, found the same");
  }

  @Test
  void studentMayStartFromASavedOne() {
    Path first = folder.resolve("first");
    assertThat(train("sound", "none", first).code()).isZero();
    Path model = first.resolve("model.safetensors");
    String start = "initial-student=" + model;
    // So slow that it ends where it starts.
    String[] slow = {"--set", "optimizer.learning-rate=1e-9", "--set", start};
    for (String method : List.of("c2kd", "kd")) {
      Path out = folder.resolve(method);
      assertThat(train("sound", method, out, slow).code()).isZero();
      for (String tensor : List.of("classifier.weight", "student.projection.weight")) {
        assertThat(values(out.resolve("model.safetensors"), tensor))
            .usingComparatorWithPrecision(1e-6)
            .containsExactly(values(model, tensor));
      }
    }
    assertRefused("sound", "c2kd", "no-such", "--set", "initial-student=no-such.safetensors");
    String wider = "student.embedding=9";
    assertRefused("sound", "c2kd", "student.projection", "--set", start, "--set", wider);
    assertRefused("sound", "simkd", "initial-student: expected a method that", "--set", start);
    assertRefused("sound", "discom-kd", "initial-student: expected a method that", "--set", start);
    Path both = folder.resolve("both");
    assertThat(train("sound", "discom-kd", both).code()).isZero();
    String other = "initial-student=" + both.resolve("other-model.safetensors");
    assertRefused("sound", "c2kd", "expected the student's model, found role", "--set", other);
  }

  private static double[] values(Path model, String tensor) {
    return Safetensors.read(model).tensors().get(tensor).toDoubles();
  }
}
