package org.crossdistill.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.bytedeco.javacpp.Pointer;

/**
 * Memory that a call takes while it runs: the process's high-water mark of resident memory, which
 * Linux resets on request, over what was resident before. Other threads of the JVM move it by up to
 * a megabyte.
 */
final class Residency {

  private static final Path RESET = Path.of("/proc/self/clear_refs");
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String RESET_HIGH_WATER_MARK = "5";

  private Residency() {}

  /** Bytes, the least of some calls; empty where the system does not tell. */
  static OptionalLong peakOf(Runnable call, int calls) {
    long least = Long.MAX_VALUE;
    try {
      for (int i = 0; i < calls; i++) {
        // What earlier calls freed would else be taken again unseen.
        Pointer.trimMemory();
        Files.writeString(RESET, RESET_HIGH_WATER_MARK);
        long before = status("VmRSS:");
        call.run();
        least = Math.min(least, Math.max(0, status("VmHWM:") - before));
      }
      return OptionalLong.of(least);
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  private static long status(String key) throws IOException {
    List<String> lines = Files.readAllLines(STATUS, StandardCharsets.US_ASCII);
    for (String line : lines) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException(STATUS + " has no " + key);
  }
}
