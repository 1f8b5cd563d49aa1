package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.crossdistill.eval.DifferencePlot;
import org.crossdistill.eval.Plots;
import org.crossdistill.train.Comparison.Outcome;
import org.crossdistill.train.EpochReport;
import org.crossdistill.train.ExperimentFile;

/** A comparison's pictures: the course of the trainings, and the differences that came out. */
record ComparisonCurves(ExperimentFile file, List<Outcome> outcomes) {

  /** Writes {@code curves.png}, one a data set where there are several. */
  static void write(ExperimentFile file, ComparisonRun run) {
    for (String data : file.dataSets()) {
      ComparisonCurves curves =
          new ComparisonCurves(
              file, run.outcomes().stream().filter(o -> o.cell().data().equals(data)).toList());
      String name = file.dataSets().size() == 1 ? "curves.png" : "curves-" + data + ".png";
      if (!curves.terms().isEmpty()) {
        Pictures.write(run.folder(), name, curves::png);
      }
    }
  }

  /** Writes {@code differences.png} where there are differences. */
  static void writeDifferences(Path folder, String title, ComparisonReport report) {
    if (DifferencePlot.hasContent(report.tables())) {
      Pictures.write(folder, "differences.png", () -> DifferencePlot.png(title, report.tables()));
    }
  }

  /** One panel for each term of the loss, over the epochs. */
  private byte[] png() {
    List<Plots.Panel> panels = new ArrayList<>();
    for (String term : terms()) {
      List<Plots.Curve> curves = new ArrayList<>();
      file.armNames().forEach(arm -> curve(arm, term).ifPresent(curves::add));
      panels.add(new Plots.Panel("training: " + term, "epoch", term, curves));
    }
    return Plots.png(file.title(), panels);
  }

  private List<String> terms() {
    return outcomes.stream()
        .flatMap(outcome -> outcome.epochs().stream())
        .flatMap(epoch -> epoch.terms().keySet().stream())
        .distinct()
        .toList();
  }

  private Optional<Plots.Curve> curve(String arm, String term) {
    List<List<EpochReport>> runs =
        outcomes.stream()
            .filter(outcome -> outcome.cell().arm().equals(arm) && !outcome.epochs().isEmpty())
            .map(Outcome::epochs)
            .toList();
    if (runs.isEmpty() || !runs.get(0).get(0).terms().containsKey(term)) {
      return Optional.empty();
    }
    List<Double> x = runs.get(0).stream().map(epoch -> (double) epoch.epoch()).toList();
    List<List<Double>> values =
        runs.stream()
            .map(run -> run.stream().map(epoch -> epoch.terms().get(term)).toList())
            .toList();
    return Optional.of(new Plots.Curve(arm, x, values));
  }
}
