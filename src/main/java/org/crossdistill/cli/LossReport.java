package org.crossdistill.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.crossdistill.cli.LossCheck.Worst;

/** What a run over loss files found: per loss the farthest answer, and the files that failed. */
final class LossReport {

  private final Map<String, Entry> losses = new TreeMap<>();
  private final List<Map<String, String>> failures = new ArrayList<>();

  /** One loss: how many of its files were done, and the worst of those that were checked. */
  private static final class Entry {
    private final String backend;
    private final double tolerance;
    private int files;
    private Worst worst;
    private Path worstFile;

    Entry(String backend, double tolerance) {
      this.backend = backend;
      this.tolerance = tolerance;
    }

    boolean passed() {
      return worst == null || worst.within(tolerance);
    }
  }

  /** A file that was done; {@code worst} is null where nothing was checked. */
  void done(Path file, String loss, String backend, double tolerance, Worst worst) {
    Entry entry = losses.computeIfAbsent(loss, name -> new Entry(backend, tolerance));
    entry.files++;
    if (worst != null
        && (entry.worst == null || Double.compare(worst.error(), entry.worst.error()) > 0)) {
      entry.worst = worst;
      entry.worstFile = file;
    }
  }

  /** A file that could not be done. */
  void failed(Path file, String reason) {
    Map<String, String> failure = new LinkedHashMap<>();
    failure.put("file", file.toString());
    failure.put("error", reason);
    failures.add(failure);
  }

  /** Whether every file was done and every answer was near enough. */
  boolean passed() {
    return failures.isEmpty() && losses.values().stream().allMatch(Entry::passed);
  }

  /** A line a loss. */
  void print(PrintStream out, String dtype) {
    losses.forEach((name, entry) -> out.println(line(name, entry, dtype)));
    // Of a single file, standard error has said it.
    if (!failures.isEmpty() && !(losses.isEmpty() && failures.size() == 1)) {
      out.println(failures.size() + (failures.size() == 1 ? " file failed" : " files failed"));
    }
  }

  private static String line(String name, Entry entry, String dtype) {
    String line =
        String.format(
            Locale.ROOT, "%-18s %-9s %-4s %4d files", name, entry.backend, dtype, entry.files);
    if (entry.worst == null) {
      return line;
    }
    return line
        + String.format(
            Locale.ROOT,
            "  worst %.2e of %.0e  %s  (%s, %s)",
            entry.worst.error(),
            entry.tolerance,
            entry.passed() ? "passed" : "FAILED",
            entry.worst.array(),
            entry.worstFile.getFileName());
  }

  /** The same for programs. */
  Map<String, Object> toJson(String dtype) {
    List<Map<String, Object>> list = new ArrayList<>();
    losses.forEach((name, entry) -> list.add(toJson(name, entry)));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("dtype", dtype);
    json.put("passed", passed());
    json.put("losses", list);
    json.put("failures", failures);
    return json;
  }

  private static Map<String, Object> toJson(String name, Entry entry) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("loss", name);
    json.put("backend", entry.backend);
    json.put("files", entry.files);
    if (entry.worst != null) {
      double error = entry.worst.error();
      json.put("worst", Double.isFinite(error) ? error : null); // JSON knows no NaN
      json.put("array", entry.worst.array());
      json.put("file", entry.worstFile.toString());
      json.put("tolerance", entry.tolerance);
      json.put("passed", entry.passed());
    }
    return json;
  }
}
