package org.crossdistill.cli;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Ctrl-C as a question that a training asks between steps. The process ends when the command has
 * returned, or after a grace period.
 */
final class StopSignal implements BooleanSupplier, AutoCloseable {

  private static final long GRACE_SECONDS = 30;

  private static volatile boolean installed;

  private final Thread command = Thread.currentThread();
  private final Thread hook = new Thread(this::stopAndWait, "stop-signal");
  private volatile boolean stopped;

  private StopSignal() {}

  /** Catches Ctrl-C (and a termination signal) for the calling thread's command, until closed. */
  static StopSignal install() {
    StopSignal signal = new StopSignal();
    Runtime.getRuntime().addShutdownHook(signal.hook);
    installed = true;
    return signal;
  }

  /** Whether some command ends by itself after Ctrl-C. */
  static boolean isInstalled() {
    return installed;
  }

  private void stopAndWait() {
    stopped = true;
    try {
      command.join(TimeUnit.SECONDS.toMillis(GRACE_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (command.isAlive()) {
      System.err.println("crossdistill: not stopped within " + GRACE_SECONDS + " s, ended at once");
      // The usual way would take LibTorch down while the command still computes with it.
      Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
    }
  }

  @Override
  public boolean getAsBoolean() {
    return stopped;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
      installed = false;
    } catch (IllegalStateException e) {
      // It has come, and the hook waits for the command's thread.
    }
  }
}
