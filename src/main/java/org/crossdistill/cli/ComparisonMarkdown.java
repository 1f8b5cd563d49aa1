package org.crossdistill.cli;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.crossdistill.eval.ResultTable;
import org.crossdistill.eval.TableFormat;
import org.crossdistill.train.Arm;
import org.crossdistill.train.Comparison.Outcome;
import org.crossdistill.train.ExperimentFile;

/** A comparison's tables for a document, with what has to be known to read them. */
record ComparisonMarkdown(
    ComparisonTask task,
    ExperimentFile file,
    List<Outcome> outcomes,
    Map<String, String> failures) {

  /** All tables, then how they came about. */
  String of(List<ResultTable> tables) {
    StringBuilder text = new StringBuilder();
    tables.forEach(table -> text.append(TableFormat.markdown(table)).append('\n'));
    text.append("`")
        .append(String.join(" ", task.command().stream().map(CommandLines::quoted).toList()))
        .append("`\n\n")
        .append(epochs())
        .append(' ')
        .append(task.tuning())
        .append(" The command of each training: `commands.sh`.\n");
    settings(text);
    failures.forEach((cell, why) -> text.append("\n**Failed**: %s: %s%n".formatted(cell, why)));
    long left = outcomes.stream().filter(Outcome::isLeft).count();
    if (left > 0) {
      text.append(
          "\n**Not complete**: %d of %d trainings are left.%n".formatted(left, outcomes.size()));
    }
    return text.toString();
  }

  private String epochs() {
    Map<Integer, List<String>> byEpochs =
        file.arms().stream()
            .collect(
                Collectors.groupingBy(
                    arm -> arm.experiment().settings().train().epochs(),
                    Collectors.mapping(ComparisonMarkdown::name, Collectors.toList())));
    return byEpochs.size() == 1
        ? byEpochs.keySet().iterator().next() + " epochs for every arm."
        : "**Epochs differ**: " + byEpochs + ".";
  }

  /** What was laid over the file for each arm, if anything was. */
  private void settings(StringBuilder text) {
    if (file.arms().stream().allMatch(arm -> arm.assignments().isEmpty())) {
      return;
    }
    text.append("\n| arm | set |\n|---|---|\n");
    for (Arm arm : file.arms()) {
      String set =
          arm.assignments().stream().map(a -> "`" + a + "`").collect(Collectors.joining(", "));
      text.append("| %s | %s |%n".formatted(name(arm), set));
    }
  }

  private static String name(Arm arm) {
    return arm.data().isEmpty() ? arm.name() : arm.data() + ": " + arm.name();
  }
}
