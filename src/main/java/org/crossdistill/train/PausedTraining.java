package org.crossdistill.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.crossdistill.data.DataException;

/**
 * A training that was paused between two epochs, to be gone on with: {@code last.safetensors}, and
 * {@code paused.json}, which says of what version, backend, seed and configuration it is.
 */
final class PausedTraining {

  private static final String IDENTITY = "paused.json";

  private PausedTraining() {}

  /** Keeps the state of a run. */
  static void keep(RunFolder folder, Map<String, Object> card, ExperimentRun run) {
    run.checkpoint(folder);
    folder.writeJson(IDENTITY, card);
  }

  /** Whether the folder holds the state of the same training. */
  static boolean fits(RunFolder folder, Map<String, Object> card) {
    Path identity = folder.path().resolve(IDENTITY);
    return Files.exists(identity)
        && Files.exists(folder.checkpoint())
        && FinishedTraining.sameTraining(identity, card);
  }

  /** Removes what was kept, if anything was. */
  static void forget(RunFolder folder) {
    try {
      // The identity first: a state without it is never resumed from.
      Files.deleteIfExists(folder.path().resolve(IDENTITY));
      Files.deleteIfExists(folder.checkpoint());
    } catch (IOException e) {
      throw new DataException("cannot remove the paused training in " + folder.path(), e);
    }
  }
}
