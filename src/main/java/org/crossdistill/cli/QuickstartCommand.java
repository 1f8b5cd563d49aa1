package org.crossdistill.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.train.Arm;
import org.crossdistill.train.Comparison;
import org.crossdistill.train.Comparison.Outcome;
import org.crossdistill.train.ExperimentFile;
import org.crossdistill.train.OpenSetGallery;
import org.crossdistill.train.TomlConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code crossdistill quickstart}: what distillation brings, on real pictures, in minutes. */
@Command(
    name = "quickstart",
    description = {
      "Teach a picture classifier by texts and measure it on classes it never saw:",
      "the student alone, CMD, and CMD with shuffled texts as a control; 3 seeds."
    },
    mixinStandardHelpOptions = true)
final class QuickstartCommand implements Callable<Integer> {

  private static final String SOURCE = "experiments/emoji-open-set.toml";
  private static final String EXPERIMENT = "/org/crossdistill/" + SOURCE;
  private static final String SHOWN_ARM = "cmd";
  private static final String PICTURE = "picture.png";

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      converter = Converters.OfFolder.class,
      defaultValue = "runs/quickstart",
      description = "Folder of the results (default: runs/quickstart).")
  private Path out;

  @Mixin private ComparisonOptions options;

  @Override
  public Integer call() {
    ExperimentFile file =
        ExperimentFile.of(TomlConfig.parse(text(), EXPERIMENT), options.assignments);
    ComparisonTask task =
        new ComparisonTask(
            "quickstart", SOURCE, CommandLines.of(spec), Arm::data, ComparisonTask.NOT_TUNED);
    ComparisonRun run = ComparisonRun.run(task, file, out, options, Comparison.Finished.REPEAT);
    ComparisonCurves.write(file, run);
    Optional<Outcome> shown = shown(run);
    shown.ifPresent(outcome -> draw(outcome.gallery()));
    run.print(options.json);
    if (!options.json) {
      shown.ifPresent(this::printNextCommands);
    }
    return run.exitCode();
  }

  private static String text() {
    try (InputStream in = QuickstartCommand.class.getResourceAsStream(EXPERIMENT)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new CrossdistillException("cannot read " + EXPERIMENT + ": " + e.getMessage(), e);
    }
  }

  private static Optional<Outcome> shown(ComparisonRun run) {
    return run.outcomes().stream()
        .filter(outcome -> outcome.cell().arm().equals(SHOWN_ARM) && outcome.gallery() != null)
        .findFirst();
  }

  /** Unseen pictures with the texts nearest to them, and one of the pictures as a file. */
  private void draw(OpenSetGallery gallery) {
    UnseenPictures pictures = UnseenPictures.of(gallery);
    Pictures.write(out, "unseen.png", pictures::grid);
    AtomicFiles.write(out.resolve(PICTURE), pictures.example());
  }

  private void printNextCommands(Outcome outcome) {
    Path model = out.resolve(outcome.cell().arm()).resolve("seed-" + outcome.cell().seed());
    System.out.printf(
        """
        Files: %s/summary.json  table.md  curves.png  unseen.png
        Next:
          ./crossdistill predict --model %s/model.safetensors %s
          ./crossdistill embed --model %s/model.safetensors %s
          ./crossdistill train experiments/emoji-cmd.toml --set method.feature-margin.margin=0.4
          ./crossdistill doctor
        """,
        out, model, out.resolve(PICTURE), model, out.resolve(PICTURE));
  }
}
