package org.crossdistill.cli;

import java.util.HashMap;
import java.util.Map;
import org.crossdistill.eval.Metric;
import org.crossdistill.train.Comparison;

/**
 * A comparison's progress: all cells that are left count alike, in hundredths. Those that were done
 * before count neither as work nor for the time that is left.
 */
final class ComparisonProgress implements Comparison.Listener, AutoCloseable {

  private static final int UNITS = 100;

  private final String task;
  private final Map<Comparison.Cell, Double> done = new HashMap<>();
  private Progress progress;
  private int cells;
  private int finished;

  ComparisonProgress(String task) {
    this.task = task;
  }

  @Override
  public void onStart(int kept, int toTrain) {
    cells = toTrain;
    progress = Progress.start(task, (long) UNITS * cells, "%");
    if (kept > 0) {
      progress.say("%s: %d trainings are kept, %d are left".formatted(task, kept, toTrain));
    }
  }

  @Override
  public void onStep(Comparison.Cell cell, long step, long totalSteps) {
    done.put(cell, (double) step / totalSteps);
    show();
  }

  @Override
  public void onOutcome(Comparison.Outcome outcome) {
    if (outcome.isLeft()) {
      return;
    }
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
    if (progress != null) {
      progress.close();
    }
  }
}
