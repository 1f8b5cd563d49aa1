package org.crossdistill.cli;

import org.crossdistill.train.TrialResult;
import org.crossdistill.train.Tuning;

/** A search's progress: its trainings. */
final class TuneProgress implements Tuning.Listener, AutoCloseable {

  private Progress progress;
  private int done;

  @Override
  public void onStart(int kept, int toTrain) {
    progress = Progress.start("tune", toTrain, "training");
    if (kept > 0) {
      progress.say("tune: %d trainings are kept, %d are left".formatted(kept, toTrain));
    }
  }

  @Override
  public void onResult(TrialResult result) {
    if (!result.isLeft()) {
      done++;
      progress.at(done, result.trial() + " seed " + result.seed() + ": " + outcome(result));
    }
  }

  private static String outcome(TrialResult result) {
    if (result.failure() != null) {
      return "failed: " + result.failure();
    }
    return result.diverged()
        ? "diverged"
        : "%s %.1f %%".formatted(result.metric(), 100 * result.value());
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
  }
}
