package org.crossdistill.cli;

import picocli.CommandLine;

/** temp. */
@CommandLine.Command(
    name = "crossdistill",
    subcommands = {
      QuickstartCommand.class,
      TrainCommand.class,
      CompareCommand.class,
      PredictCommand.class,
      EmbedCommand.class
    })
public final class Main {
  private Main() {}

  /** temp. */
  public static void main(String[] a) {
    System.exit(new CommandLine(new Main()).execute(a));
  }
}
