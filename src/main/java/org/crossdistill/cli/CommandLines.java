package org.crossdistill.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** What a command was called with. */
final class CommandLines {

  private CommandLines() {}

  /** The words of the command line that started {@code spec}'s command. */
  static List<String> of(CommandSpec spec) {
    List<String> words = new ArrayList<>(List.of("crossdistill"));
    words.addAll(spec.root().commandLine().getParseResult().originalArgs());
    return words;
  }

  /** The same as one line for a shell. */
  static String line(CommandSpec spec) {
    return String.join(" ", of(spec).stream().map(CommandLines::quoted).toList());
  }

  /** {@code runs/NAME} for a configuration {@code NAME.toml}. */
  static Path defaultFolder(Path file) {
    return Path.of("runs", file.getFileName().toString().replaceFirst("\\.toml$", ""));
  }

  /** A word as a POSIX shell reads it back. */
  static String quoted(String word) {
    return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
