package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.crossdistill.CrossdistillException;

/**
 * Runs tasks side by side, each on one thread. As a supplier it is the question that each task asks
 * between its steps: whether to stop, since someone asked for it or another task has failed.
 */
final class Workers implements BooleanSupplier {

  private final int count;
  private final BooleanSupplier stop;
  private volatile boolean failed;

  /**
   * @param count tasks that run at a time, ≥ 1
   * @param stop whether someone asked to stop
   */
  Workers(int count, BooleanSupplier stop) {
    this.count = count;
    this.stop = stop;
  }

  @Override
  public boolean getAsBoolean() {
    return failed || stop.getAsBoolean() || Thread.currentThread().isInterrupted();
  }

  /**
   * Runs all tasks; what they give comes in their order. The first that fails ends all. No task
   * runs any more when this method ends, in whatever way.
   *
   * @throws CrossdistillException what a task failed with; a {@link StoppedException} only if no
   *     task failed with anything else
   */
  <T> List<T> run(List<Supplier<T>> tasks) {
    ExecutorService pool = Executors.newFixedThreadPool(count);
    try {
      List<Future<T>> futures = new ArrayList<>();
      tasks.forEach(task -> futures.add(pool.submit(() -> watched(task))));
      pool.shutdown();
      return results(futures);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CrossdistillException("interrupted", e);
    } finally {
      end(pool);
    }
  }

  private <T> T watched(Supplier<T> task) {
    try {
      return task.get();
    } catch (Throwable e) {
      failed = true;
      throw e;
    }
  }

  private static <T> List<T> results(List<Future<T>> futures) throws InterruptedException {
    List<T> results = new ArrayList<>();
    Throwable failure = null;
    for (Future<T> future : futures) {
      try {
        results.add(future.get());
      } catch (ExecutionException e) {
        boolean stopped = failure == null || failure instanceof StoppedException;
        failure = stopped ? e.getCause() : failure;
      }
    }
    if (failure instanceof CrossdistillException known) {
      throw known;
    }
    if (failure != null) {
      throw new IllegalStateException("a training failed: " + failure, failure);
    }
    return results;
  }

  /** Tasks take the interrupt as a request to stop. */
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
}
