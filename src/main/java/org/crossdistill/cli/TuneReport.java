package org.crossdistill.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.crossdistill.train.TrialResult;
import org.crossdistill.train.TunedFile;

/** What a search tried and what it chose, for people and programs. */
final class TuneReport {

  private TuneReport() {}

  /** All trainings, one a line; the settings of a trial stand in one cell, separated by spaces. */
  static String csv(List<TrialResult> results) {
    StringBuilder text = new StringBuilder("data,arm,trial,seed,metric,value,state,set\n");
    for (TrialResult r : results) {
      String value = Double.isNaN(r.value()) ? "" : String.format(Locale.ROOT, "%.6f", r.value());
      String state = r.isLeft() ? "left" : r.diverged() ? "diverged" : "";
      text.append(
          "%s,%s,%d,%d,%s,%s,%s,\"%s\"%n"
              .formatted(
                  r.trial().arm().data(),
                  r.trial().arm().name(),
                  r.trial().number(),
                  r.seed(),
                  r.metric(),
                  value,
                  r.failure() == null ? state : "failed",
                  String.join(" ", r.trial().set()).replace("\"", "\"\"")));
    }
    return text.toString();
  }

  /** One line an arm. */
  static String plain(TunedFile tuned) {
    StringBuilder text = new StringBuilder(tuned.describe()).append("\n\n");
    for (TunedFile.Choice c : tuned.choices()) {
      String name = c.data().isEmpty() ? c.arm() : c.data() + ": " + c.arm();
      String set = c.set().isEmpty() ? "the file's own settings" : String.join(" ", c.set());
      text.append(
          "%-32s %s %.1f → %.1f %%  %s%n"
              .formatted(name, c.metric(), 100 * c.untuned(), 100 * c.score(), set));
    }
    return text.toString();
  }

  /** A choice as a JSON object; a number that is not there is null. */
  static Map<String, Object> json(TunedFile.Choice choice) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("data", choice.data());
    json.put("arm", choice.arm());
    json.put("trials", choice.trials());
    json.put("seeds", choice.seeds());
    json.put("metric", choice.metric());
    json.put("score", choice.score());
    json.put("untuned", Double.isNaN(choice.untuned()) ? null : choice.untuned());
    json.put("set", choice.set());
    return json;
  }
}
