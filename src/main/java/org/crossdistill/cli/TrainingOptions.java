package org.crossdistill.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** Options of every command that trains. */
class TrainingOptions {

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Set a key of the configuration, as in train.epochs=3; may be repeated.")
  List<String> assignments = List.of();

  @Option(names = "--json", description = "Print the result as JSON on standard output.")
  boolean json;
}
