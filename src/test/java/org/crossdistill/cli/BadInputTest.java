package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.crossdistill.data.DType;
import org.crossdistill.data.Safetensors;
import org.crossdistill.data.TensorData;
import org.crossdistill.method.Method.SingleModal;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.ModelFile;
import org.crossdistill.train.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Wrong input ends in one clear line and an exit code, and leaves nothing behind. */
class BadInputTest {

  @TempDir Path folder;

  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Main.commandLine();
    line.setErr(new PrintWriter(err, true));
    return line.execute(arguments);
  }

  private void assertFails(String expected, String... arguments) {
    assertThat(run(arguments)).isEqualTo(ExitCode.FAILURE);
    assertThat(err.toString().lines()).hasSize(1);
    assertThat(err.toString()).startsWith("crossdistill: ").contains(expected);
  }

  /** A model that nobody trained. */
  private Path model() {
    SplittableRandom random = new SplittableRandom(0);
    SmallResNet student = new SmallResNet(random, SmallResNet.Options.defaults());
    Map<String, Object> config =
        ExperimentFile.read(Path.of("experiments/emoji-cmd.toml"), List.of()).arm(null).table();
    Path file = folder.resolve("model.safetensors");
    Classifier classifier = new Classifier(random, 2, student.embeddingSize());
    new ModelFile(
            Role.STUDENT,
            new SingleModal(student, classifier),
            List.of("a", "b"),
            List.of(),
            new float[0][],
            config)
        .write(file);
    return file;
  }

  @Test
  void configurationThatIsNotThere() {
    assertFails("no-such.toml: no such file", "train", "no-such.toml");
  }

  @Test
  void searchWithoutATable() {
    assertFails(
        "emoji-cmd.toml: tune: expected a table, found none",
        "tune",
        "experiments/emoji-cmd.toml",
        "--out",
        folder.resolve("tune").toString());
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void keyWithATypo() {
    assertFails(
        "emoji-cmd.toml with --set: unknown key train.epoch; did you mean train.epochs?",
        "train",
        "experiments/emoji-cmd.toml",
        "--set",
        "train.epoch=1",
        "--out",
        folder.resolve("run").toString());
    assertThat(folder.resolve("run")).doesNotExist();
  }

  @Test
  void dataSetOfAFileWithoutAny() {
    assertFails(
        "--data-set: expected none in this file; found open",
        "train",
        "experiments/emoji-cmd.toml",
        "--data-set",
        "open");
  }

  @Test
  void settingThatOneArmAloneHas() throws IOException {
    Path occupied = Files.writeString(folder.resolve("occupied"), "text");
    String[] train = {"train", "experiments/paired-latents.toml", "--set", "method.lambda-f=3"};
    assertFails("paired-latents.toml with --set: --arm: expected one of student-alone, cmd", train);
    err.getBuffer().setLength(0);
    String[] more = {"--arm", "cmd", "--out", occupied.toString()};
    assertFails("occupied", Stream.of(train, more).flatMap(Stream::of).toArray(String[]::new));
  }

  @Test
  void marginOfMinusOne() {
    assertFails(
        "margin",
        "train",
        "experiments/emoji-cmd.toml",
        "--set",
        "method.feature-margin.margin=-1");
    assertThat(err.toString()).contains("found -1");
  }

  @Test
  void pictureSizeThatNoMemoryHolds() {
    assertFails(
        "[data] picture-size: expected from 8 to 1024, found 100000",
        "train",
        "experiments/emoji-cmd.toml",
        "--set",
        "data.picture-size=100000");
  }

  @Test
  void configurationThatIsNoText() throws IOException {
    Path file = Files.write(folder.resolve("noise.toml"), new byte[] {(byte) 0xff, 0, 1});
    assertFails("noise.toml: expected UTF-8 text", "train", file.toString());
  }

  @Test
  void classesThatAreTooSmall() {
    String run = folder.resolve("run").toString();
    String[] train = {"train", "experiments/emoji-cmd.toml", "--out", run, "--set"};
    String[] tooMany = Arrays.copyOf(train, 6);
    tooMany[5] = "data.min-samples=100000";
    assertFails("'subgroup': expected a class of at least 100000 samples", tooMany);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aSingleClass() {
    String run = folder.resolve("run").toString();
    for (String split : new String[] {"closed", "open"}) {
      CommandRun alone =
          CommandRun.of(
              "train",
              "experiments/emoji-cmd.toml",
              "--out",
              run,
              "--set",
              "data={ split = \"" + split + "\", label = \"group\", min-samples = 300 }");
      assertThat(alone.code()).isEqualTo(ExitCode.FAILURE);
      assertThat(alone.err())
          .contains("column 'group': expected at least two classes of 300 samples", "found only [")
          .hasLineCount(1);
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void folderThatIsAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("occupied"), "text");
    assertFails(
        "occupied", "train", "experiments/emoji-cmd.toml", "--out", file.resolve("run").toString());
  }

  /** The empty name would be the current folder. */
  @Test
  void folderWithoutAName() {
    for (String command : new String[] {"train no.toml", "compare no.toml", "tune no.toml"}) {
      assertFolderIsNone((command + " --out=").split(" "));
    }
    assertFolderIsNone("train", "no.toml", "--out", " ");
    assertFolderIsNone("quickstart", "--set", "no-such.key=1", "--out", "");
  }

  private void assertFolderIsNone(String... arguments) {
    CommandRun run = CommandRun.of(arguments);
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("--out").contains("expected the name of a folder; found '");
  }

  @Test
  void folderThatHoldsARun() throws IOException {
    Files.writeString(folder.resolve("last.safetensors"), "a checkpoint");
    assertFails(
        "holds a run: go on with --resume, replace it with --overwrite",
        "train",
        "experiments/emoji-cmd.toml",
        "--out",
        folder.toString());
  }

  @Test
  void earlierRunCannotBothGoOnAndBeReplaced() {
    String[] both = {"train", "experiments/emoji-cmd.toml", "--resume", "--overwrite"};
    assertThat(run(both)).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString())
        .startsWith("crossdistill: ")
        .contains("--resume", "--overwrite", "mutually exclusive");
  }

  @Test
  void pictureThatIsNone() throws IOException {
    Path picture = Files.writeString(folder.resolve("picture.png"), "no picture");
    assertFails("picture.png", "predict", "--model", model().toString(), picture.toString());
    Path good = folder.resolve("good.png");
    ImageIO.write(new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB), "png", good.toFile());
    for (String command : new String[] {"predict", "embed"}) {
      CommandRun run =
          CommandRun.of(
              command, "--model", model().toString(), good.toString(), picture.toString());
      assertThat(run.out()).as("half of an answer").isEmpty();
      assertThat(run.err()).contains("picture.png").hasLineCount(1);
      assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    }
  }

  @Test
  void pictureThatIsNotThere() {
    assertFails("gone.png", "embed", "--model", model().toString(), "gone.png");
  }

  @Test
  void modelOfAnotherVersion() {
    Path file = model();
    Safetensors content = Safetensors.read(file);
    Map<String, String> metadata = new TreeMap<>(content.metadata());
    metadata.put("format-version", "2");
    new Safetensors(metadata, content.tensors()).write(file);
    assertFails(
        "format-version: expected 1, found 2", "predict", "--model", file.toString(), "x.png");
  }

  @Test
  void modelThatHoldsNaN() throws IOException {
    Path file = model();
    Safetensors content = Safetensors.read(file);
    Map<String, TensorData> tensors = new TreeMap<>(content.tensors());
    TensorData weight = tensors.get("classifier.weight");
    double[] values = weight.toDoubles();
    values[3] = Double.NaN;
    tensors.put("classifier.weight", TensorData.ofDoubles(DType.F32, values, weight.shape()));
    new Safetensors(content.metadata(), tensors).write(file);
    assertFails(
        "tensor classifier.weight: expected finite numbers, found NaN at element 3",
        "predict",
        "--model",
        file.toString(),
        "x.png");
  }

  @Test
  void noClassesToName() {
    assertFails(
        "--top: expected at least 1, found 0", "predict", "--model", "x", "--top", "0", "x.png");
  }

  @Test
  void modelThatWasCutOff() throws IOException {
    Path file = model();
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertFails("model.safetensors", "predict", "--model", file.toString(), "x.png");
  }

  @Test
  void outputThatCannotBeWrittenLeavesNothing() throws IOException {
    Path picture = folder.resolve("picture.png");
    ImageIO.write(new BufferedImage(4, 4, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
    Path model = model();
    assertFails(
        "missing",
        "embed",
        "--model",
        model.toString(),
        "--output",
        folder.resolve("missing/out.safetensors").toString(),
        picture.toString());
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(model, picture);
    }
  }
}
