package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.crossdistill.train.Arm;

/**
 * What a comparison is run for.
 *
 * @param name of the command, for progress
 * @param file where the experiments stand, as the user would name it
 * @param command the words of the command line
 * @param dataName what results of an arm say of their data set; "" for nothing
 * @param tuning how settings were chosen, one sentence
 */
record ComparisonTask(
    String name, String file, List<String> command, Function<Arm, String> dataName, String tuning) {

  /** What is said where nothing was chosen. */
  static final String NOT_TUNED = "Nothing was tuned: the settings are those of the file.";

  /** The command that trains one cell as the comparison does, to the same bits. */
  String commandOf(Arm arm, long seed, Path out) {
    List<String> words = new ArrayList<>(List.of("./crossdistill", "train", file));
    if (!arm.data().isEmpty()) {
      words.addAll(List.of("--data-set", arm.data()));
    }
    words.addAll(List.of("--arm", arm.name()));
    arm.assignmentsButSeeds().forEach(assignment -> words.addAll(List.of("--set", assignment)));
    words.addAll(List.of("--set", "seeds=[" + seed + "]"));
    words.addAll(List.of("--overwrite", "--out", arm.cell(seed).folder(out).toString()));
    return String.join(" ", words.stream().map(CommandLines::quoted).toList());
  }
}
