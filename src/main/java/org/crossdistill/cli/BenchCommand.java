package org.crossdistill.cli;

import picocli.CommandLine.Command;

/** {@code crossdistill bench}: what is measured is a command of its own. */
@Command(
    name = "bench",
    description = "Measure how fast this machine runs crossdistill.",
    subcommands = BenchKernelsCommand.class,
    mixinStandardHelpOptions = true)
final class BenchCommand {}
