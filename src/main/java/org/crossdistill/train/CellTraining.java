package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.crossdistill.eval.Metric;
import org.crossdistill.train.Comparison.Cell;
import org.crossdistill.train.Comparison.Outcome;

/** One training of a comparison, in its folder {@code [data/]arm/seed-N}. */
final class CellTraining {

  private final Cell cell;
  private final Experiment experiment;
  private final Path path;
  private final Map<String, Object> card;
  private final Provenance provenance;
  private final Inputs inputs;

  /**
   * @param out folder of the comparison
   * @param inputs data and teachers that the cells share
   */
  CellTraining(Arm arm, long seed, Path out, Provenance provenance, Inputs inputs) {
    cell = arm.cell(seed);
    experiment = arm.experiment().forSeed(seed);
    path = cell.folder(out);
    card = Card.of(arm.name(), experiment, seed, provenance, Map.of(), Map.of());
    this.provenance = provenance;
    this.inputs = inputs;
  }

  Cell cell() {
    return cell;
  }

  /** What an earlier comparison finished with the same version, backend, seed and configuration. */
  Optional<Outcome> finished() {
    return FinishedTraining.read(path, card)
        .map(earlier -> done(earlier.metrics(), earlier.epochs(), null, earlier.chance()));
  }

  /**
   * Trains, from where an earlier comparison paused if it did.
   *
   * @param listener told of each step
   * @param stop asked before each step; what was done since the last pause is lost
   * @param pause asked before each epoch; the state is then kept
   * @throws StoppedException if asked to stop
   */
  Outcome run(TrainingListener listener, BooleanSupplier stop, BooleanSupplier pause) {
    try (RunFolder folder = RunFolder.open(path)) {
      return run(folder, listener, stop, pause);
    }
  }

  private Outcome run(
      RunFolder folder, TrainingListener listener, BooleanSupplier stop, BooleanSupplier pause) {
    folder.reopen();
    ExperimentRun run = new ExperimentRun(experiment, cell.seed(), inputs, stop);
    List<EpochReport> epochs = new ArrayList<>();
    if (PausedTraining.fits(folder, card)) {
      run.resume(folder);
      int epochsDone = run.epochsDone();
      epochs.addAll(FinishedTraining.epochs(path).subList(0, epochsDone));
    } else {
      PausedTraining.forget(folder);
    }
    List<TrainingListener> listeners = List.of(listener, recorder(folder, epochs));
    if (!run.train(listeners, stop, pause)) {
      if (stop.getAsBoolean()) {
        throw new StoppedException("stopped after " + epochs.size() + " epochs");
      }
      if (!epochs.isEmpty()) {
        PausedTraining.keep(folder, card, run);
      }
      return Outcome.left(cell);
    }
    Map<Metric, Double> metrics = run.test();
    run.save(folder, cell.arm(), provenance, metrics);
    PausedTraining.forget(folder);
    return done(metrics, epochs, run.gallery().orElse(null), run.chance());
  }

  private Outcome done(
      Map<Metric, Double> tested,
      List<EpochReport> epochs,
      OpenSetGallery galleryOrNull,
      Map<Metric, Double> chance) {
    Map<Metric, Double> metrics = new EnumMap<>(tested);
    metrics.put(Metric.SECONDS, epochs.stream().mapToDouble(EpochReport::seconds).sum());
    return Outcome.done(cell, metrics, epochs, galleryOrNull, chance);
  }

  private static TrainingListener recorder(RunFolder folder, List<EpochReport> epochs) {
    return new TrainingListener() {
      @Override
      public void onEpoch(EpochReport report) {
        epochs.add(report);
        folder.append(report);
      }
    };
  }
}
