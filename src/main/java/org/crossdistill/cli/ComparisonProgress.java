package org.crossdistill.cli;

import java.util.HashMap;
import java.util.Map;
import org.crossdistill.eval.Metric;
import org.crossdistill.train.Comparison;

/** A comparison's progress: all cells count alike, in hundredths. */
final class ComparisonProgress implements Comparison.Listener, AutoCloseable {

  private static final int UNITS = 100;

  private final Progress progress;
  private final Map<Comparison.Cell, Double> done = new HashMap<>();
  private final int cells;
  private int finished;

  ComparisonProgress(String task, int cells) {
    this.cells = cells;
    this.progress = Progress.start(task, (long) UNITS * cells, "%");
  }

  @Override
  public void onStep(Comparison.Cell cell, long step, long totalSteps) {
    done.put(cell, (double) step / totalSteps);
    show();
  }

  @Override
  public void onOutcome(Comparison.Outcome outcome) {
    finished++;
    done.put(outcome.cell(), 1.0);
    String result =
        outcome.failure() != null
            ? "failed: " + outcome.failure()
            : String.format("%.0f s", outcome.metrics().get(Metric.SECONDS));
    progress.say(String.format("%d/%d %s  %s", finished, cells, outcome.cell(), result));
    show();
  }

  private void show() {
    double sum = done.values().stream().mapToDouble(Double::doubleValue).sum();
    progress.at((long) (UNITS * sum), finished + "/" + cells + " trainings");
  }

  @Override
  public void close() {
    progress.close();
  }
}
