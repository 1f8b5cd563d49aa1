package org.crossdistill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules on the source files: who may import whom, and how long a file may be. */
final class PackageDependencyTest {

  private static final Path MAIN = Path.of("src/main/java/org/crossdistill");
  private static final Path TESTS = Path.of("src/test/java/org/crossdistill");
  private static final Path NATIVE = Path.of("native");

  /** A package to the siblings that it may import. All may import the root package. */
  private static final Map<String, Set<String>> MAY_IMPORT =
      Map.of(
          "kernel", Set.of(),
          "data", Set.of(),
          "nn", Set.of(),
          "loss", Set.of("kernel"),
          "method", Set.of("loss", "nn"),
          "eval", Set.of("nn", "data"),
          "train", Set.of("method", "loss", "nn", "data", "eval"),
          "bench", Set.of("loss", "kernel"),
          "cli", Set.of("bench", "train", "method", "loss", "nn", "data", "eval", "kernel"));

  /** Packages that see LibTorch; the others do without. */
  private static final Set<String> SEE_LIBTORCH =
      Set.of("loss", "nn", "method", "train", "bench", "cli");

  private static final int LONGEST_JAVA_FILE = 300;
  private static final int LONGEST_KERNEL_FILE = 400;

  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?org\\.crossdistill\\.([a-z]+)\\.", Pattern.MULTILINE);

  private static final Pattern LIBTORCH_IMPORT =
      Pattern.compile("^import (?:static )?org\\.bytedeco\\.pytorch\\.", Pattern.MULTILINE);

  private static final Pattern PROCESS_WIDE =
      Pattern.compile("System\\.(?:out|err|exit)\\b|printStackTrace\\(\\)");

  @Test
  void everyPackageIsInTheTable() throws IOException {
    try (Stream<Path> folders = Files.list(MAIN)) {
      assertThat(folders.filter(Files::isDirectory).map(folder -> folder.getFileName().toString()))
          .isSubsetOf(MAY_IMPORT.keySet());
    }
  }

  @Test
  void packagesImportOnlyWhatTheTableAllows() {
    List<String> wrong = new ArrayList<>();
    for (Path file : files(MAIN, ".java")) {
      String from = packageOf(file);
      Matcher imports = IMPORT.matcher(read(file));
      while (imports.find()) {
        String to = imports.group(1);
        if (!to.equals(from) && !MAY_IMPORT.getOrDefault(from, Set.of()).contains(to)) {
          wrong.add(file + " imports " + to);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void libTorchIsSeenOnlyWhereItBelongs() {
    assertThat(files(MAIN, ".java"))
        .filteredOn(file -> !SEE_LIBTORCH.contains(packageOf(file)))
        .filteredOn(file -> LIBTORCH_IMPORT.matcher(read(file)).find())
        .isEmpty();
  }

  @Test
  void onlyCommandsPrintOrEndTheProcess() {
    assertThat(files(MAIN, ".java"))
        .filteredOn(file -> !packageOf(file).equals("cli"))
        .filteredOn(file -> PROCESS_WIDE.matcher(read(file)).find())
        .isEmpty();
  }

  @Test
  void filesAreShort() {
    assertThat(tooLong(MAIN, ".java", LONGEST_JAVA_FILE)).isEmpty();
    assertThat(tooLong(TESTS, ".java", LONGEST_JAVA_FILE)).isEmpty();
    assertThat(tooLong(NATIVE.resolve("kernels"), ".cpp", LONGEST_KERNEL_FILE)).isEmpty();
    assertThat(tooLong(NATIVE.resolve("kernels"), ".cu", LONGEST_KERNEL_FILE)).isEmpty();
    assertThat(tooLong(NATIVE.resolve("core"), ".cpp", LONGEST_KERNEL_FILE)).isEmpty();
  }

  private static List<String> tooLong(Path folder, String suffix, int longest) {
    return files(folder, suffix).stream()
        .filter(file -> read(file).lines().count() > longest)
        .map(file -> file + ": " + read(file).lines().count() + " lines, at most " + longest)
        .toList();
  }

  /** "" for the root package. */
  private static String packageOf(Path file) {
    Path folder = MAIN.relativize(file).getParent();
    return folder == null ? "" : folder.getName(0).toString();
  }

  private static List<Path> files(Path folder, String suffix) {
    try (Stream<Path> found = Files.walk(folder)) {
      return found.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
