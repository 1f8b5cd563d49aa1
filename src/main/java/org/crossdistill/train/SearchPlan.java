package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.crossdistill.data.Seeds;
import org.crossdistill.train.Tuning.Trial;

/** Draws the trials of a search. They depend on the keys, the arms and the trial's number alone. */
final class SearchPlan {

  private SearchPlan() {}

  /**
   * All trials: number by number, and for each all data sets and arms.
   *
   * @throws ConfigException if an arm has no validation data, or takes over what no arm searches
   */
  static List<Trial> trials(ExperimentFile file, TuneOptions options) {
    List<Arm> arms = new ArrayList<>();
    for (Arm arm : file.arms()) {
      if (arm.search().as().isPresent()) {
        checkTakesOver(file, arm);
      } else {
        Arm tuned = arm.over(options.set());
        checkValidation(tuned);
        arms.add(tuned);
      }
    }
    List<Trial> trials = new ArrayList<>();
    for (int number = 0; number < options.trials(); number++) {
      for (Arm arm : arms) {
        List<String> set = number == 0 ? List.of() : draw(arm, options, number);
        trials.add(new Trial(arm.over(set), number, set));
      }
    }
    return trials;
  }

  private static List<String> draw(Arm arm, TuneOptions options, int number) {
    Map<String, SearchRange> space = new TreeMap<>(options.space());
    space.putAll(arm.search().space());
    List<String> set = new ArrayList<>();
    space.forEach(
        (key, range) -> {
          // What all arms share they try together; an arm's own range has draws of its own.
          String purpose = options.space().get(key) == range ? "tune" : "tune " + arm.name();
          set.add(key + "=" + range.draw(Seeds.random(number, purpose + " " + key, 0)));
        });
    return set;
  }

  private static void checkValidation(Arm arm) {
    double fraction = arm.experiment().settings().data().validationFraction();
    if (fraction == 0) {
      throw new ConfigException(
          "tune: arm %s: data.validation-fraction: expected a number > 0 (it may stand in"
                  .formatted(arm.name())
              + " [tune.set.data]), found 0");
    }
  }

  private static void checkTakesOver(ExperimentFile file, Arm arm) {
    String as = arm.search().as().orElseThrow();
    boolean fits =
        file.arms().stream()
            .anyMatch(
                other ->
                    other.name().equals(as)
                        && other.data().equals(arm.data())
                        && other.search().as().isEmpty()
                        && other.experiment().method().equals(arm.experiment().method()));
    if (!fits) {
      throw new ConfigException(
          "arm %s: tuned-as: expected an arm of the same method that is tuned itself, found %s"
              .formatted(arm.name(), as));
    }
  }
}
