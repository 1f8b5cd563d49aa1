package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.crossdistill.data.AtomicFiles;

/**
 * What a search chose, as a TOML file with one {@code [[tuned]]} table for each arm on each data
 * set.
 *
 * @param choices in the order of the experiments
 */
public record TunedFile(List<Choice> choices) {

  private static final String TUNED = "tuned";

  /**
   * What was chosen for one arm.
   *
   * @param data name of the data set; "" in a file that names none
   * @param arm its name
   * @param trials how many settings were tried, the file's own included
   * @param seeds trainings of each
   * @param metric what was compared on validation data
   * @param score its mean over the seeds with what was chosen
   * @param untuned the same with the file's own settings; NaN where no such training came to an end
   * @param set what was chosen, {@code key=value}; nothing where the file's own settings were best
   */
  public record Choice(
      String data,
      String arm,
      int trials,
      List<Long> seeds,
      String metric,
      double score,
      double untuned,
      List<String> set) {

    static Choice defaults() {
      return new Choice("", "", 0, List.of(), "", Double.NaN, Double.NaN, List.of());
    }
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException if it can't be read or is none
   */
  public static TunedFile read(Path file) {
    Object tables = TomlConfig.read(file).get(TUNED);
    if (!(tables instanceof List<?> list) || !list.stream().allMatch(t -> t instanceof Map)) {
      throw new ConfigException(file + ": expected [[tuned]] tables, found " + tables);
    }
    List<Choice> choices = new ArrayList<>();
    for (Object table : list) {
      choices.add(choice(table));
    }
    return new TunedFile(choices);
  }

  @SuppressWarnings("unchecked")
  private static Choice choice(Object table) {
    return ConfigBinder.bind(Choice.class, Choice.defaults(), (Map<String, Object>) table, TUNED);
  }

  /** Writes the file whole or not at all. */
  public void write(Path file, String comment) {
    String text =
        choices.stream()
            .map(TunedFile::toml)
            .collect(Collectors.joining("\n", comment(comment), ""));
    AtomicFiles.write(file, text);
  }

  private static String comment(String text) {
    return text.lines().map(line -> "# " + line + "\n").collect(Collectors.joining());
  }

  /** JSON strings, numbers and lists are TOML, too, but for NaN. */
  private static String toml(Choice choice) {
    StringBuilder text = new StringBuilder("[[tuned]]\n");
    ConfigBinder.table(choice)
        .forEach(
            (key, value) -> {
              boolean nan = value instanceof Double number && number.isNaN();
              text.append(key).append(" = ").append(nan ? "nan" : ModelFile.json(value));
              text.append('\n');
            });
    return text.toString();
  }

  /**
   * Lays the choices over the arms of a file.
   *
   * @param source what error messages call this file
   * @throws ConfigException naming an arm for which nothing was chosen
   */
  public ExperimentFile over(ExperimentFile file, String source) {
    List<Arm> arms = new ArrayList<>();
    for (Arm arm : file.arms()) {
      Choice choice =
          of(arm)
              .orElseThrow(
                  () ->
                      new ConfigException(
                          "%s: expected a choice for arm %s on data set \"%s\", found none"
                              .formatted(
                                  source, arm.search().as().orElse(arm.name()), arm.data())));
      arms.add(arm.over(choice.set()));
    }
    return new ExperimentFile(file.title(), arms, file.tune());
  }

  private Optional<Choice> of(Arm arm) {
    String name = arm.search().as().orElse(arm.name());
    return choices.stream()
        .filter(choice -> choice.data().equals(arm.data()) && choice.arm().equals(name))
        .findFirst();
  }

  /** How the settings came about, one sentence. */
  public String describe() {
    List<Integer> trials = choices.stream().map(Choice::trials).distinct().sorted().toList();
    List<List<Long>> seeds = choices.stream().map(Choice::seeds).distinct().toList();
    List<String> metrics = choices.stream().map(Choice::metric).distinct().toList();
    boolean same = trials.size() == 1 && seeds.size() == 1;
    return same
        ? "Tuned alike: %d settings tried for each arm, by %s on the validation data of seeds %s."
            .formatted(trials.get(0), String.join(" or ", metrics), seeds.get(0))
        : "**Tuned unlike**: %s settings tried, on seeds %s.".formatted(trials, seeds);
  }
}
