package org.crossdistill.train;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.crossdistill.eval.Metric;
import org.crossdistill.train.Tuning.Trial;

/** Chooses each arm's best trial by the mean over the seeds; of equal ones the first. */
public final class TrialChoice {

  private TrialChoice() {}

  /**
   * One choice for each arm on each data set.
   *
   * @param results of all trials with all seeds; a trial with a seed that gave no number is out
   * @throws ConfigException naming an arm of which no trial came to an end
   */
  public static TunedFile of(List<TrialResult> results) {
    Map<List<String>, Map<Integer, List<TrialResult>>> byArm = new LinkedHashMap<>();
    for (TrialResult result : results) {
      Arm arm = result.trial().arm();
      byArm
          .computeIfAbsent(List.of(arm.data(), arm.name()), key -> new LinkedHashMap<>())
          .computeIfAbsent(result.trial().number(), key -> new ArrayList<>())
          .add(result);
    }
    return new TunedFile(byArm.values().stream().map(TrialChoice::best).toList());
  }

  private static TunedFile.Choice best(Map<Integer, List<TrialResult>> trials) {
    TrialResult any = trials.values().iterator().next().get(0);
    Comparator<List<TrialResult>> order = Comparator.comparingDouble(TrialChoice::mean);
    boolean lower = Metric.byKey(any.metric()).orElseThrow().lowerIsBetter();
    Optional<List<TrialResult>> best =
        trials.values().stream()
            .filter(runs -> !Double.isNaN(mean(runs)))
            .min(lower ? order : order.reversed());
    Trial trial =
        best.orElseThrow(
                () ->
                    new ConfigException(
                        "%s: expected a trial that comes to an end, found none among %d"
                            .formatted(any.trial(), trials.size())))
            .get(0)
            .trial();
    return new TunedFile.Choice(
        trial.arm().data(),
        trial.arm().name(),
        trials.size(),
        trials.get(0).stream().map(TrialResult::seed).toList(),
        any.metric(),
        mean(trials.get(trial.number())),
        mean(trials.get(0)),
        trial.set());
  }

  /** NaN if any seed gave no number. */
  private static double mean(List<TrialResult> runs) {
    return runs.stream().mapToDouble(TrialResult::value).sum() / runs.size();
  }
}
