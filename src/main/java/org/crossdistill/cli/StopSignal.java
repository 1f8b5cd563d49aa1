package org.crossdistill.cli;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Ctrl-C as a question that a training asks between steps. The process ends when the command has
 * returned, or after a grace period.
 */
final class StopSignal implements BooleanSupplier {

  private static final long GRACE_SECONDS = 30;

  private volatile boolean stopped;

  private StopSignal() {}

  /** Catches Ctrl-C (and a termination signal) for the calling thread's command. */
  static StopSignal install() {
    StopSignal signal = new StopSignal();
    Thread command = Thread.currentThread();
    Thread hook = new Thread(() -> signal.stopAndWaitFor(command), "stop-signal");
    Runtime.getRuntime().addShutdownHook(hook);
    return signal;
  }

  private void stopAndWaitFor(Thread command) {
    stopped = true;
    try {
      command.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean getAsBoolean() {
    return stopped;
  }
}
