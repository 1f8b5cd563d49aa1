package org.crossdistill.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Locale;
import org.crossdistill.CrossdistillException;
import org.crossdistill.Version;
import org.crossdistill.kernel.SettingException;
import org.crossdistill.kernel.Settings;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The program {@code crossdistill}. Results go to standard output, everything else to standard
 * error. A failure is one line there and exit code 1; a wrong command line, or an environment
 * variable with an unknown value, is exit code 2.
 */
@Command(
    name = "crossdistill",
    description = "Cross-modal distillation: train, compare and use students of a better modality.",
    subcommands = {
      QuickstartCommand.class,
      TrainCommand.class,
      CompareCommand.class,
      TuneCommand.class,
      ProbeCommand.class,
      PredictCommand.class,
      EmbedCommand.class,
      LossCommand.class,
      DoctorCommand.class,
      BenchCommand.class,
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.BuildVersion.class)
public final class Main {

  private static final String VERBOSE = "--verbose";

  /** JavaCPP's own limit on memory: to check it at each object costs more than a small kernel. */
  private static final String MEMORY_LIMIT = "org.bytedeco.javacpp.maxPhysicalBytes";

  private static final String LOG_LEVEL = "org.slf4j.simpleLogger.defaultLogLevel";

  @Option(
      names = VERBOSE,
      scope = ScopeType.INHERIT,
      description = "Log more, and show where an error comes from.")
  private boolean verbose;

  /** Version of the build. */
  static final class BuildVersion implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"crossdistill " + Version.current()};
    }
  }

  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    boolean verbose = Arrays.asList(arguments).contains(VERBOSE);
    // Both are read once, by classes that the commands load.
    setDefault(MEMORY_LIMIT, "0");
    // Numbers with a point wherever it runs: tables and lines are read by programs, too.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    setDefault(LOG_LEVEL, verbose ? "debug" : "warn");
    Thread interrupted = new Thread(Main::endAtOnce, "interrupted");
    Runtime.getRuntime().addShutdownHook(interrupted);
    int exitCode = execute(arguments, verbose);
    try {
      Runtime.getRuntime().removeShutdownHook(interrupted);
    } catch (IllegalStateException e) {
      return; // After Ctrl-C the process ends by itself, as soon as this thread does.
    }
    System.exit(exitCode);
  }

  /**
   * Ctrl-C in a command that does not ask for it: the process ends here and now, for the usual way
   * would take LibTorch down while the command still computes with it.
   */
  private static void endAtOnce() {
    if (!StopSignal.isInstalled()) {
      Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
    }
  }

  private static int execute(String[] arguments, boolean verbose) {
    CommandLine line = commandLine();
    try {
      int exitCode = line.execute(arguments);
      line.getOut().flush();
      // Print streams keep such failures to themselves.
      if (System.out.checkError() && exitCode == ExitCode.OK) {
        System.err.println("crossdistill: cannot write to standard output");
        return ExitCode.FAILURE;
      }
      return exitCode;
    } catch (Error e) { // such as a missing library or no memory left
      return report(e, verbose, line.getErr());
    }
  }

  /** The command line with all commands; it neither ends the process nor sets properties. */
  static CommandLine commandLine() {
    CommandLine line =
        new CommandLine(new Main())
            .setExecutionStrategy(Main::run)
            .setExecutionExceptionHandler(Main::failed)
            .setParameterExceptionHandler(Main::misused);
    tellTheVersion(line);
    return line;
  }

  private static void tellTheVersion(CommandLine line) {
    for (CommandLine command : line.getSubcommands().values()) {
      command.getCommandSpec().versionProvider(new BuildVersion());
      tellTheVersion(command);
    }
  }

  /** Help is given whatever the environment holds; nothing else is done with an unknown setting. */
  private static int run(ParseResult parsed) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    try {
      Settings.checkAll();
    } catch (SettingException e) {
      // The only kind that picocli hands on to the handler below.
      throw new CommandLine.ExecutionException(
          parsed.commandSpec().commandLine(), e.getMessage(), e);
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  private static int failed(Exception error, CommandLine command, ParseResult parsed) {
    Main main = command.getCommandSpec().root().commandLine().getCommand();
    return report(error, main.verbose, command.getErr());
  }

  private static int misused(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("crossdistill: " + firstLine(error));
    if (!UnmatchedArgumentException.printSuggestions(error, err)) {
      err.println("See: " + command.getCommandSpec().qualifiedName() + " --help");
    }
    return ExitCode.USAGE;
  }

  /** One line that says what is wrong; the stack trace only where it was asked for. */
  private static int report(Throwable error, boolean verbose, PrintWriter err) {
    if (verbose) {
      error.printStackTrace(err);
    } else {
      String kind =
          error instanceof CrossdistillException ? "" : error.getClass().getSimpleName() + ": ";
      err.println("crossdistill: " + kind + firstLine(error));
    }
    err.flush();
    return error instanceof SettingException ? ExitCode.USAGE : ExitCode.FAILURE;
  }

  private static String firstLine(Throwable error) {
    String message = error.getMessage();
    return message == null
        ? "no explanation was given (--verbose shows where)"
        : message.lines().findFirst().orElse("");
  }
}
