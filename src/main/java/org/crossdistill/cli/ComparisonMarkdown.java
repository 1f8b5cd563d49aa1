package org.crossdistill.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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
        .append(said("Epochs", arm -> arm.experiment().settings().train().epochs()))
        .append(' ')
        .append(said("Seeds", arm -> arm.experiment().settings().seeds()))
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

  /** One sentence on what all arms are to have alike, in bold where they have not. */
  private String said(String what, Function<Arm, Object> value) {
    Map<Object, List<String>> arms =
        file.arms().stream()
            .collect(
                Collectors.groupingBy(
                    value,
                    LinkedHashMap::new,
                    Collectors.mapping(ComparisonMarkdown::name, Collectors.toList())));
    return arms.size() == 1
        ? "%s of every arm: %s.".formatted(what, arms.keySet().iterator().next())
        : "**%s differ**: %s.".formatted(what, arms);
  }

  /** What was laid over the file for each arm, if anything was. */
  private void settings(StringBuilder text) {
    if (file.arms().stream().allMatch(arm -> arm.assignmentsButSeeds().isEmpty())) {
      return;
    }
    text.append("\n| arm | set |\n|---|---|\n");
    for (Arm arm : file.arms()) {
      String set =
          arm.assignmentsButSeeds().stream()
              .map(a -> "`" + a + "`")
              .collect(Collectors.joining(", "));
      text.append("| %s | %s |%n".formatted(name(arm), set));
    }
  }

  private static String name(Arm arm) {
    return arm.data().isEmpty() ? arm.name() : arm.data() + ": " + arm.name();
  }
}
