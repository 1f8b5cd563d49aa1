package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.CrossdistillException;
import org.crossdistill.eval.Metric;
import org.crossdistill.eval.ResultRow;

/**
 * All arms of a file, each with all of its seeds. Cells run side by side, which changes no bit of
 * their results; one that fails does not end the others.
 */
public final class Comparison {

  /**
   * One training of the comparison.
   *
   * @param arm its name
   * @param seed its seed
   */
  public record Cell(String arm, long seed) {

    @Override
    public String toString() {
      return arm + " seed " + seed;
    }
  }

  /**
   * What a cell gave.
   *
   * @param cell which
   * @param metrics on the test samples, with the seconds of its epochs; empty if it failed
   * @param epochs the course of its training
   * @param gallery what an open-set test saw; null without a common space and for a kept training
   * @param failure one line; null if there was none
   */
  public record Outcome(
      Cell cell,
      Map<Metric, Double> metrics,
      List<EpochReport> epochs,
      OpenSetGallery gallery,
      String failure) {}

  /** What becomes of trainings that an earlier comparison finished in the same folder. */
  public enum Finished {
    /** Their results are taken over where version, backend, seed and configuration are the same. */
    KEEP,
    /** They are done again. */
    REPEAT
  }

  /** Is told how a comparison goes; called on the cells' threads, one call at a time. */
  public interface Listener {

    /** A cell has done {@code step} of {@code totalSteps}. */
    void onStep(Cell cell, long step, long totalSteps);

    /** A cell has ended. */
    void onOutcome(Outcome outcome);
  }

  private final ExperimentFile file;
  private final Path out;
  private final int workers;
  private final Provenance provenance;
  private final Listener listener;
  private final BooleanSupplier stop;
  private final Finished finished;

  /**
   * @param out where each cell has a folder {@code arm/seed-N}
   * @param workers how many cells run at a time, ≥ 1
   * @param stop asked after each step
   * @param finished what becomes of trainings that are done
   */
  public Comparison(
      ExperimentFile file,
      Path out,
      int workers,
      Provenance provenance,
      Listener listener,
      BooleanSupplier stop,
      Finished finished) {
    this.file = file;
    this.provenance = provenance;
    this.out = out;
    this.workers = workers;
    this.listener = listener;
    this.stop = stop;
    this.finished = finished;
  }

  /** The cells: seed by seed, and for each seed all arms. */
  public List<Cell> cells() {
    List<Cell> cells = new ArrayList<>();
    int most =
        file.arms().values().stream().mapToInt(e -> e.settings().seeds().size()).max().orElse(0);
    for (int i = 0; i < most; i++) {
      for (Map.Entry<String, Experiment> arm : file.arms().entrySet()) {
        List<Long> seeds = arm.getValue().settings().seeds();
        if (i < seeds.size()) {
          cells.add(new Cell(arm.getKey(), seeds.get(i)));
        }
      }
    }
    return cells;
  }

  /**
   * Runs all cells; the outcomes come in the order of {@link #cells()}. No cell runs any more when
   * it ends, in whatever way.
   *
   * @throws StoppedException if asked to stop before all were done
   */
  public List<Outcome> run() {
    torch.set_num_threads(threads());
    ExecutorService pool = Executors.newFixedThreadPool(workers);
    try {
      List<Future<Outcome>> futures = new ArrayList<>();
      for (Cell cell : cells()) {
        futures.add(pool.submit(() -> guarded(cell)));
      }
      List<Outcome> outcomes = new ArrayList<>();
      for (Future<Outcome> future : futures) {
        outcomes.add(future.get());
      }
      return outcomes;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CrossdistillException("the comparison was interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StoppedException) {
        throw new StoppedException("stopped; the trainings that are done are in " + out);
      }
      throw new IllegalStateException("a training failed: " + e.getCause(), e.getCause());
    } finally {
      end(pool);
    }
  }

  /** Cells take the interrupt as a request to stop. */
  private static void end(ExecutorService pool) {
    pool.shutdownNow();
    boolean interrupted = Thread.interrupted();
    boolean ended = false;
    while (!ended) {
      try {
        ended = pool.awaitTermination(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean stopped() {
    return stop.getAsBoolean() || Thread.currentThread().isInterrupted();
  }

  private int threads() {
    return file.arms().values().iterator().next().settings().threads();
  }

  private Outcome guarded(Cell cell) {
    Outcome outcome;
    try {
      outcome = run(cell);
    } catch (StoppedException e) {
      throw e;
    } catch (CrossdistillException e) {
      outcome = new Outcome(cell, Map.of(), List.of(), null, e.getMessage());
    }
    synchronized (this) {
      listener.onOutcome(outcome);
    }
    return outcome;
  }

  private Outcome run(Cell cell) {
    if (stopped()) {
      throw new StoppedException("stopped before it began");
    }
    Experiment experiment = file.arms().get(cell.arm());
    Path path = out.resolve(cell.arm()).resolve("seed-" + cell.seed());
    try (RunFolder folder = RunFolder.open(path)) {
      if (finished == Finished.KEEP) {
        var card = Card.of(cell.arm(), experiment, cell.seed(), provenance, Map.of());
        Optional<FinishedTraining> earlier = FinishedTraining.read(folder, card);
        if (earlier.isPresent()) {
          return outcome(cell, earlier.get().metrics(), earlier.get().epochs(), null);
        }
      }
      return train(cell, experiment, folder);
    }
  }

  private Outcome train(Cell cell, Experiment experiment, RunFolder folder) {
    folder.reopen();
    ExperimentRun run = new ExperimentRun(experiment, cell.seed(), this::stopped);
    List<EpochReport> epochs = new ArrayList<>();
    boolean complete = run.train(List.of(follower(cell, folder, epochs)), this::stopped);
    if (!complete) {
      throw new StoppedException("stopped after " + epochs.size() + " epochs");
    }
    Map<Metric, Double> metrics = run.test();
    run.save(folder, cell.arm(), provenance, metrics);
    return outcome(cell, metrics, epochs, run.gallery().orElse(null));
  }

  private static Outcome outcome(
      Cell cell,
      Map<Metric, Double> tested,
      List<EpochReport> epochs,
      OpenSetGallery galleryOrNull) {
    Map<Metric, Double> metrics = new EnumMap<>(tested);
    metrics.put(Metric.SECONDS, epochs.stream().mapToDouble(EpochReport::seconds).sum());
    return new Outcome(cell, metrics, epochs, galleryOrNull, null);
  }

  private TrainingListener follower(Cell cell, RunFolder folder, List<EpochReport> epochs) {
    return new TrainingListener() {
      @Override
      public void onStep(long step, long totalSteps) {
        synchronized (Comparison.this) {
          listener.onStep(cell, step, totalSteps);
        }
      }

      @Override
      public void onEpoch(EpochReport report) {
        epochs.add(report);
        folder.append(report);
      }
    };
  }

  /** One row an arm, one value a seed. */
  public static List<ResultRow> rows(ExperimentFile file, List<Outcome> outcomes) {
    List<ResultRow> rows = new ArrayList<>();
    for (String arm : file.arms().keySet()) {
      List<Map<Metric, Double>> runs =
          outcomes.stream().filter(o -> o.cell().arm().equals(arm)).map(Outcome::metrics).toList();
      rows.add(ResultRow.ofRuns(arm, runs));
    }
    return rows;
  }
}
