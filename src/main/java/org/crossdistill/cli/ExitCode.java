package org.crossdistill.cli;

/** What the process's exit code says. */
final class ExitCode {

  static final int OK = 0;

  /** Something went wrong that the one line on standard error explains. */
  static final int FAILURE = 1;

  /** The command line was wrong, or a setting of the environment. */
  static final int USAGE = 2;

  /** The stated time was up before all was done; the same command goes on. */
  static final int UNFINISHED = 4;

  /** Ended by Ctrl-C, after saving. */
  static final int INTERRUPTED = 130;

  private ExitCode() {}
}
