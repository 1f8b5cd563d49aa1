package org.crossdistill.cli;

import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far a command is, on standard error: a bar with the time that is left where that is a
 * terminal, otherwise a line every few seconds. Not safe for use by several threads at once.
 */
final class Progress implements AutoCloseable {

  /** Set by the launcher where standard error is a terminal; Java itself cannot tell. */
  private static final String TERMINAL = "crossdistill.terminal";

  private static final Duration LINE_INTERVAL = Duration.ofSeconds(10);

  private final String task;
  private final long total;
  private final ProgressBar bar;
  private final long start = System.nanoTime();
  private long lastLine = start;
  private long done;

  private Progress(String task, long total, ProgressBar bar) {
    this.task = task;
    this.total = total;
    this.bar = bar;
  }

  /**
   * Starts.
   *
   * @param task what is done
   * @param total in units of the caller's choice
   * @param unit name of such a unit, as in {@code step}
   */
  static Progress start(String task, long total, String unit) {
    boolean terminal = Boolean.getBoolean(TERMINAL);
    ProgressBar bar = terminal ? bar(task, total, unit) : null;
    return new Progress(task, total, bar);
  }

  private static ProgressBar bar(String task, long total, String unit) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(total)
        .setStyle(ProgressBarStyle.UNICODE_BLOCK)
        .setUnit(" " + unit, 1)
        .showSpeed()
        .setUpdateIntervalMillis(200)
        .setConsumer(new ConsoleProgressBarConsumer(System.err))
        .build();
  }

  /** Says where things stand. */
  void at(long doneNow, String detail) {
    done = doneNow;
    if (bar != null) {
      bar.stepTo(done);
      bar.setExtraMessage(detail);
    } else if (System.nanoTime() - lastLine >= LINE_INTERVAL.toNanos()) {
      lastLine = System.nanoTime();
      System.err.println(line(detail));
    }
  }

  private String line(String detail) {
    double elapsed = (System.nanoTime() - start) * 1e-9;
    double left = done == 0 ? 0 : elapsed * (total - done) / done;
    return String.format(
        "%s: %d of %d (%.0f s, about %.0f s left) %s", task, done, total, elapsed, left, detail);
  }

  /** Writes a line of its own beside the progress. */
  void say(String line) {
    if (bar != null) {
      bar.pause();
      System.err.print("\r\u001b[K");
      System.err.println(line);
      bar.resume();
    } else {
      System.err.println(line);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
