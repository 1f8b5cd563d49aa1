package org.crossdistill.cli;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** The time that a command may take, as a question that it asks between its pieces of work. */
final class Budget implements BooleanSupplier {

  private final long start = System.nanoTime();
  private final Duration limit;

  /**
   * Starts now.
   *
   * @param limitOrNull null for no limit
   */
  Budget(Duration limitOrNull) {
    limit = limitOrNull;
  }

  /** Whether the time is up. */
  @Override
  public boolean getAsBoolean() {
    return limit != null && System.nanoTime() - start >= limit.toNanos();
  }
}
