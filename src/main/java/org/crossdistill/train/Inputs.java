package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.crossdistill.method.Need;

/**
 * Data and teachers of trainings. Trainings with the same options and seed share them, since they
 * do not change them: what depends on nothing else is done once. The last few are kept.
 * Thread-safe.
 */
final class Inputs {

  private static final int KEPT = 4;

  /** Where data come from. */
  interface Source {
    PreparedData prepare(DataOptions options, long seed);
  }

  private final Source source;
  private final Map<Object, CompletableFuture<?>> kept =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Object, CompletableFuture<?>> eldest) {
          return size() > KEPT;
        }
      };

  Inputs(Source source) {
    this.source = source;
  }

  /** Data sets by their name. */
  static Inputs standard() {
    return new Inputs(DataOptions::prepare);
  }

  /** The data of one seed, divided. */
  PreparedData data(DataOptions options, long seed) {
    return once(List.of(options, seed), () -> source.prepare(options, seed));
  }

  /**
   * The teacher that a method needs; null if it needs none. One that goes on training with the
   * student is the caller's alone.
   *
   * @throws StoppedException if asked to stop
   */
  Teacher teacher(Experiment experiment, PreparedData data, long seed, BooleanSupplier stop) {
    Set<Need> needs = experiment.needs();
    if (!Teacher.isNeeded(needs)) {
      return null;
    }
    Experiment.Settings settings = experiment.settings();
    boolean classifier =
        needs.contains(Need.TEACHER_LOGITS) || needs.contains(Need.TEACHER_CLASSIFIER);
    Supplier<Teacher> fit = () -> Teacher.fit(settings, data, classifier, seed, stop);
    if (needs.contains(Need.TEACHER_BACKBONE)) {
      return fit.get();
    }
    return once(
        List.of(
            settings.data(),
            seed,
            settings.teacher(),
            settings.student(),
            settings.augmentation(),
            settings.identityLoss(),
            classifier),
        fit);
  }

  /** Those who ask for the same at the same time wait for the first of them. */
  @SuppressWarnings("unchecked")
  private <T> T once(Object key, Supplier<T> maker) {
    CompletableFuture<T> mine = new CompletableFuture<>();
    CompletableFuture<?> first;
    synchronized (kept) {
      first = kept.putIfAbsent(key, mine);
    }
    if (first != null) {
      return (T) await(first);
    }
    try {
      T made = maker.get();
      mine.complete(made);
      return made;
    } catch (Throwable e) {
      synchronized (kept) {
        kept.remove(key, mine);
      }
      mine.completeExceptionally(e);
      throw e;
    }
  }

  private static Object await(CompletableFuture<?> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
