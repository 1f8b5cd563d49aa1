package org.crossdistill.bench;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;

/**
 * The repetitions of one case. Each times the machine's limit, the kernel, the limit again and the
 * composition, so that all see the same machine; ratios are taken within a repetition. Times are
 * those on the wall, in nanoseconds.
 */
final class Repetitions {

  private static final int LEAST = 5;
  private static final int MOST = 500;
  private static final int LEAST_REFERENCES = 3;

  /**
   * A sample takes about this long, or a tenth of all: long beside the clock and a thread's start.
   */
  private static final double SAMPLE_NS = 2e6;

  private static final int MOST_CALLS = 10_000;

  /** With a third of it the limits came out too low: OpenBLAS's threads had not gone to sleep. */
  private static final double BLAS_SPINS_NS = 1.5e8;

  private final Problem problem;
  private final int threads;
  private final boolean compared;
  private final Samples kernel = new Samples();
  private final Samples shares = new Samples();
  private final Samples reference = new Samples();
  private final Samples speedups = new Samples();
  private final Samples products = new Samples();
  private final Samples speedupsOverProducts = new Samples();

  Repetitions(Problem problem, int threads, boolean compared) {
    this.problem = problem;
    this.threads = threads;
    this.compared = compared;
  }

  /** Of a call of the kernel. */
  Samples kernel() {
    return kernel;
  }

  /** The kernel's rate / that of its limit. */
  Samples shares() {
    return shares;
  }

  /** Of a call of the composition. */
  Samples reference() {
    return reference;
  }

  /** The composition's time / the kernel's. */
  Samples speedups() {
    return speedups;
  }

  /** Of the matrix products alone by a BLAS. */
  Samples products() {
    return products;
  }

  /** Those products' time / the kernel's. */
  Samples speedupsOverProducts() {
    return speedupsOverProducts;
  }

  /** Repeats for some seconds; false if it was stopped. */
  boolean run(double seconds, BooleanSupplier stop) {
    try (PointerScope memory = new PointerScope()) {
      Limits limits = new Limits();
      Runnable call = () -> problem.call(threads);
      Runnable composition = () -> Meter.reference(problem);
      Runnable bareProducts = problem.productsOrNull();
      int calls = callsOfASample(call, seconds);
      int references = compared ? callsOfASample(composition, seconds) : 0;
      int productCalls = bareProducts == null ? 0 : callsOfASample(bareProducts, seconds);
      long start = System.nanoTime();
      double elapsed = 0;
      double ofReference = 0;
      while (!enough() || (kernel.count() < MOST && elapsed < 1e9 * seconds)) {
        if (stop.getAsBoolean()) {
          return false;
        }
        double time = timeBesideLimit(call, calls, limits);
        // At most half of the time, spread over all of it: what follows a slow composition is
        // disturbed by it.
        if (compared && ofReference <= 0.5 * elapsed) {
          reference.add(timeOf(composition, references));
          speedups.add(reference.last() / time);
          ofReference += references * reference.last();
          rest(seconds);
        }
        if (bareProducts != null) {
          products.add(timeOf(bareProducts, productCalls));
          speedupsOverProducts.add(products.last() / time);
          rest(seconds);
        }
        elapsed = System.nanoTime() - start;
      }
      return true;
    }
  }

  /**
   * OpenBLAS's threads spin for some time after a product, and would disturb what is timed next.
   */
  private static void rest(double seconds) {
    LockSupport.parkNanos((long) Math.min(BLAS_SPINS_NS, 1e8 * seconds));
  }

  private boolean enough() {
    return kernel.count() >= LEAST && (!compared || reference.count() >= LEAST_REFERENCES);
  }

  private double timeBesideLimit(Runnable call, int calls, Limits limits) {
    double before = limits.rate(problem.limit(), problem.dtype(), threads);
    call.run(); // The composition has left the caches to itself.
    double time = timeOf(call, calls);
    double after = limits.rate(problem.limit(), problem.dtype(), threads);
    kernel.add(time);
    if (problem.limit() != Problem.Limit.NONE) {
      double work = problem.limit() == Problem.Limit.MEMORY ? problem.bytes() : problem.flops();
      shares.add(work / time / (0.5 * (before + after)));
    }
    return time;
  }

  /** Warms up, too, for ten samples' time. */
  private static int callsOfASample(Runnable call, double seconds) {
    double sample = Math.min(SAMPLE_NS, 1e8 * seconds);
    double least = Double.MAX_VALUE;
    long start = System.nanoTime();
    do {
      least = Math.min(least, timeOf(call, 1));
    } while (System.nanoTime() - start < 10 * sample);
    return (int) Math.max(1, Math.min(MOST_CALLS, Math.ceil(sample / least)));
  }

  /** Mean of some calls. */
  private static double timeOf(Runnable call, int calls) {
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      call.run();
    }
    return (double) (System.nanoTime() - start) / calls;
  }
}
