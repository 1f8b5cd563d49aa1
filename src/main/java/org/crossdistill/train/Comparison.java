package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
   * @param metrics on the test samples, with the seconds it took; empty if it failed or was stopped
   * @param epochs the course of its training
   * @param gallery what an open-set test saw; null without a common space
   * @param failure one line; null if there was none
   */
  public record Outcome(
      Cell cell,
      Map<Metric, Double> metrics,
      List<EpochReport> epochs,
      OpenSetGallery gallery,
      String failure) {}

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

  /**
   * @param out where each cell has a folder {@code arm/seed-N}
   * @param workers how many cells run at a time, ≥ 1
   * @param stop asked after each step
   */
  public Comparison(
      ExperimentFile file,
      Path out,
      int workers,
      Provenance provenance,
      Listener listener,
      BooleanSupplier stop) {
    this.file = file;
    this.provenance = provenance;
    this.out = out;
    this.workers = workers;
    this.listener = listener;
    this.stop = stop;
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

  /** Runs all cells; the outcomes come in the order of {@link #cells()}. */
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
      throw new IllegalStateException("a cell failed in an unexpected way", e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }

  private int threads() {
    return file.arms().values().iterator().next().settings().threads();
  }

  private Outcome guarded(Cell cell) {
    Outcome outcome;
    try {
      outcome = run(cell);
    } catch (CrossdistillException e) {
      outcome = new Outcome(cell, Map.of(), List.of(), null, e.getMessage());
    }
    synchronized (this) {
      listener.onOutcome(outcome);
    }
    return outcome;
  }

  private Outcome run(Cell cell) {
    Experiment experiment = file.arms().get(cell.arm());
    RunFolder folder = RunFolder.open(out.resolve(cell.arm()).resolve("seed-" + cell.seed()));
    long start = System.nanoTime();
    ExperimentRun run = new ExperimentRun(experiment, cell.seed());
    List<EpochReport> epochs = new ArrayList<>();
    boolean complete = run.train(List.of(follower(cell, folder, epochs)), stop);
    if (!complete) {
      return new Outcome(cell, Map.of(), epochs, null, "stopped");
    }
    Map<Metric, Double> metrics = new EnumMap<>(run.test());
    run.save(folder, cell.arm(), provenance, metrics);
    metrics.put(Metric.SECONDS, (System.nanoTime() - start) * 1e-9);
    return new Outcome(cell, metrics, epochs, run.gallery().orElse(null), null);
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
