package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.crossdistill.CrossdistillException;
import org.crossdistill.data.AtomicFiles;
import org.crossdistill.data.FullDiskException;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.ResultRow;
import org.crossdistill.nn.TorchThreads;

/**
 * All arms of a file on all its data sets, each with all of its seeds. Cells run side by side,
 * which changes no bit of their results; one that fails does not end the others, unless the disk is
 * full.
 */
public final class Comparison {

  /**
   * One training of the comparison.
   *
   * @param data name of the data set; "" where the file names none
   * @param arm its name
   * @param seed its seed
   */
  public record Cell(String data, String arm, long seed) {

    /** Its folder within the comparison's. */
    public Path folder(Path out) {
      return out.resolve(data).resolve(arm).resolve("seed-" + seed);
    }

    @Override
    public String toString() {
      return (data.isEmpty() ? "" : data + ": ") + arm + " seed " + seed;
    }
  }

  /**
   * What became of a cell.
   *
   * @param cell which
   * @param metrics on the test samples, with the seconds of its epochs; empty unless it is done
   * @param epochs the course of its training; empty unless it is done
   * @param gallery what an open-set test saw; null without a common space and for a kept training
   * @param chance what a model without knowledge reaches
   * @param failure one line; null if there was none
   */
  public record Outcome(
      Cell cell,
      Map<Metric, Double> metrics,
      List<EpochReport> epochs,
      OpenSetGallery gallery,
      Map<Metric, Double> chance,
      String failure) {

    static Outcome done(
        Cell cell,
        Map<Metric, Double> metrics,
        List<EpochReport> epochs,
        OpenSetGallery galleryOrNull,
        Map<Metric, Double> chance) {
      return new Outcome(cell, metrics, epochs, galleryOrNull, chance, null);
    }

    static Outcome failed(Cell cell, String failure) {
      return new Outcome(cell, Map.of(), List.of(), null, Map.of(), failure);
    }

    /** A cell that a later comparison in the same folder is to train or to go on with. */
    static Outcome left(Cell cell) {
      return new Outcome(cell, Map.of(), List.of(), null, Map.of(), null);
    }

    /** Whether the time was up before it was done. */
    public boolean isLeft() {
      return failure == null && metrics.isEmpty();
    }
  }

  /** What becomes of trainings that an earlier comparison finished or paused in the same folder. */
  public enum Finished {
    /** They are taken over where version, backend, seed and configuration are the same. */
    KEEP,
    /** They are done again. */
    REPEAT
  }

  /**
   * Where and how a comparison runs.
   *
   * @param out where each cell has its folder; exists
   * @param workers how many cells run at a time, ≥ 1
   * @param provenance what they are made with
   * @param finished what becomes of trainings that are done
   */
  public record Plan(Path out, int workers, Provenance provenance, Finished finished) {

    /** Checks the number. */
    public Plan {
      Options.require(workers >= 1, "workers", "at least 1", workers);
    }
  }

  /** Is told how a comparison goes; called on the cells' threads, one call at a time. */
  public interface Listener {

    /** {@code kept} cells are done already, {@code toTrain} are left. */
    void onStart(int kept, int toTrain);

    /** A cell has done {@code step} of {@code totalSteps}. */
    void onStep(Cell cell, long step, long totalSteps);

    /** A cell has ended. */
    void onOutcome(Outcome outcome);
  }

  /** In bytes: a model of the default size is a third of it; a larger one may still not fit. */
  private static final long ROOM_FOR_A_CELL = 1_000_000;

  private final ExperimentFile file;
  private final Plan plan;
  private final Listener listener;
  private final BooleanSupplier pause;
  private final Workers workers;
  private final Inputs inputs = Inputs.standard();

  /**
   * @param stop asked before each step; what a cell has done is then lost
   * @param pause asked after each epoch: whether the time is up; cells under way are then kept as
   *     they are, and no other begins
   */
  public Comparison(
      ExperimentFile file,
      Plan plan,
      Listener listener,
      BooleanSupplier stop,
      BooleanSupplier pause) {
    this.file = file;
    this.plan = plan;
    this.listener = listener;
    this.pause = pause;
    this.workers = new Workers(plan.workers(), stop);
  }

  /** The cells: seed by seed, and for each seed all data sets and arms. */
  public List<Cell> cells() {
    return trainings().stream().map(CellTraining::cell).toList();
  }

  private List<CellTraining> trainings() {
    List<CellTraining> trainings = new ArrayList<>();
    int most =
        file.arms().stream()
            .mapToInt(arm -> arm.experiment().settings().seeds().size())
            .max()
            .orElse(0);
    for (int i = 0; i < most; i++) {
      for (Arm arm : file.arms()) {
        List<Long> seeds = arm.experiment().settings().seeds();
        if (i < seeds.size()) {
          trainings.add(new CellTraining(arm, seeds.get(i), plan.out(), plan.provenance(), inputs));
        }
      }
    }
    return trainings;
  }

  /**
   * Runs all cells; the outcomes come in the order of {@link #cells()}. No cell runs any more when
   * it ends, in whatever way.
   *
   * @throws StoppedException if asked to stop before all were done
   * @throws FullDiskException if there is no room for the results
   */
  public List<Outcome> run() {
    TorchThreads.set(file.arms().get(0).experiment().settings().threads());
    Map<Cell, Outcome> outcomes = new LinkedHashMap<>();
    List<Supplier<Outcome>> tasks = new ArrayList<>();
    for (CellTraining training : trainings()) {
      outcomes.put(training.cell(), kept(training));
      if (outcomes.get(training.cell()) == null) {
        tasks.add(() -> guarded(training));
      }
    }
    AtomicFiles.requireRoom(plan.out(), ROOM_FOR_A_CELL * tasks.size());
    listener.onStart(outcomes.size() - tasks.size(), tasks.size());
    try {
      workers.run(tasks).forEach(outcome -> outcomes.put(outcome.cell(), outcome));
    } catch (StoppedException e) {
      throw new StoppedException("stopped; the trainings that are done are in " + plan.out());
    }
    return List.copyOf(outcomes.values());
  }

  /** Null if it is to be trained. */
  private Outcome kept(CellTraining training) {
    return plan.finished() == Finished.KEEP ? training.finished().orElse(null) : null;
  }

  private Outcome guarded(CellTraining training) {
    Outcome outcome;
    try {
      outcome = train(training);
    } catch (StoppedException | FullDiskException e) {
      throw e;
    } catch (CrossdistillException e) {
      outcome = Outcome.failed(training.cell(), e.getMessage());
    }
    synchronized (this) {
      listener.onOutcome(outcome);
    }
    return outcome;
  }

  private Outcome train(CellTraining training) {
    if (workers.getAsBoolean()) {
      throw new StoppedException("stopped before it began");
    }
    if (pause.getAsBoolean()) {
      return Outcome.left(training.cell());
    }
    TrainingListener steps =
        new TrainingListener() {
          @Override
          public void onStep(long step, long totalSteps) {
            synchronized (Comparison.this) {
              listener.onStep(training.cell(), step, totalSteps);
            }
          }
        };
    return training.run(steps, workers, pause);
  }

  /**
   * One row for each arm on each data set, one value a seed.
   *
   * @param dataName what a row says of its data set
   */
  public static List<ResultRow> rows(
      ExperimentFile file, List<Outcome> outcomes, Function<Arm, String> dataName) {
    List<ResultRow> rows = new ArrayList<>();
    for (Arm arm : file.arms()) {
      List<Map<Metric, Double>> runs =
          outcomes.stream()
              .filter(o -> o.cell().equals(arm.cell(o.cell().seed())))
              .map(Outcome::metrics)
              .toList();
      rows.add(ResultRow.ofRuns(arm.name(), runs).onData(dataName.apply(arm)));
    }
    return rows;
  }
}
