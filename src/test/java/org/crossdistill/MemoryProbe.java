package org.crossdistill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/**
 * How much more a process holds after each of several stretches of the same work. A leak grows in
 * every stretch; what the JVM takes at times of its own choosing does not. Little of that is left
 * in {@link #process}: a heap that is resident from the start, and a compiler that is done early.
 */
public final class MemoryProbe {

  /**
   * What stayed behind.
   *
   * @param resident in each stretch, bytes outside of the Java heap
   * @param pointers in each stretch, JavaCPP objects neither freed by a scope nor collected
   * @param heap in all stretches together, bytes in the Java heap
   */
  public record Growth(List<Long> resident, List<Long> pointers, long heap) {

    /** Bytes outside of the Java heap in the stretch that only a quarter of them lie below. */
    public long lowerQuartileResident() {
      return resident.stream().sorted().toList().get(resident.size() / 4);
    }

    /** Bytes in all stretches together, on the Java heap or not. */
    public long total() {
      return heap + resident.stream().mapToLong(Long::longValue).sum();
    }
  }

  private MemoryProbe() {}

  /**
   * Runs a main method that calls {@link #measure} in a process of its own.
   *
   * @throws AssertionError if the process fails
   */
  public static Growth process(Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    JavaProcess.Result result =
        new JavaProcess(main)
            .option("-Xms256m")
            .option("-Xmx256m")
            .option("-XX:+AlwaysPreTouch")
            .option("-XX:+UseSerialGC")
            .option("-XX:TieredStopAtLevel=1")
            // Otherwise JavaCPP collects garbage, and so hides a leak, where memory gets short.
            .option("-Dorg.bytedeco.javacpp.maxBytes=0")
            .option("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0")
            .environment("MALLOC_ARENA_MAX", "1")
            .run(arguments);
    if (result.exitCode() != 0) {
      throw new AssertionError("exit code " + result.exitCode() + ": " + result.err());
    }
    List<String> lines = result.out().lines().toList();
    return new Growth(numbers(lines.get(0)), numbers(lines.get(1)), Long.parseLong(lines.get(2)));
  }

  private static List<Long> numbers(String line) {
    return List.of(line.split(" ", -1)).stream().map(Long::valueOf).toList();
  }

  /** Runs the work once for each stretch and prints what stayed behind. */
  public static void measure(int stretches, Runnable work) {
    long heap = heapBytes();
    List<Long> resident = new ArrayList<>(List.of(residentBytes()));
    List<Long> pointers = new ArrayList<>(List.of(Pointer.totalCount()));
    for (int i = 0; i < stretches; i++) {
      work.run();
      resident.add(residentBytes());
      pointers.add(Pointer.totalCount());
    }
    System.out.println(differences(resident));
    System.out.println(differences(pointers));
    System.out.println(heapBytes() - heap);
  }

  private static String differences(List<Long> values) {
    List<String> differences = new ArrayList<>();
    for (int i = 1; i < values.size(); i++) {
      differences.add(Long.toString(values.get(i) - values.get(i - 1)));
    }
    return String.join(" ", differences);
  }

  private static long residentBytes() {
    try {
      return 1024
          * Files.readAllLines(Path.of("/proc/self/status")).stream()
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
              .findFirst()
              .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is reachable; also frees native objects of which nothing is. */
  private static long heapBytes() {
    System.gc();
    Pointer.deallocateReferences();
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
