package org.crossdistill;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
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
  private static final int LONGEST_METHOD = 25;
  private static final List<String> NATIVE_SOURCES = List.of(".cpp", ".h", ".cu", ".cuh");

  /** Longer than the others, each for its reason. */
  private static final Map<String, String> LONG_METHODS =
      Map.ofEntries(
          Map.entry("CudaKernels.featureMargin", "one call with an argument a line"),
          Map.entry("CudaKernels.marginClassifier", "one call with an argument a line"),
          Map.entry("CudaKernels.kd", "one call with an argument a line"),
          Map.entry("CudaKernels.dkd", "one call with an argument a line"),
          Map.entry("KdLoss.onKernel", "one call with an argument a line"),
          Map.entry("FusedLogitLoss.onKernel", "one call with an argument a line"),
          Map.entry("C2kdLoss.onKernel", "one call with an argument a line"),
          Map.entry("CrdLoss.onKernel", "one call with an argument a line"),
          Map.entry("Meter.row", "one call with an argument a line"),
          Map.entry(
              "KdReference.forward", "leaves, loss and gradients in the scope of the results"),
          Map.entry(
              "C2kdReference.forward", "leaves, loss and gradients in the scope of the results"),
          Map.entry("Repetitions.run", "what is timed in turn, in the order in which it is"));

  private static final Map<String, String> LONG_KERNEL_FILES =
      Map.of("simd.h", "the vector functions, side by side for each instruction set");

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
    for (String folder : List.of("kernels", "core", "lab")) {
      for (String suffix : NATIVE_SOURCES) {
        assertThat(tooLong(NATIVE.resolve(folder), suffix, LONGEST_KERNEL_FILE))
            .filteredOn(file -> LONG_KERNEL_FILES.keySet().stream().noneMatch(file::contains))
            .isEmpty();
      }
    }
  }

  @Test
  void methodsAreShort() throws IOException {
    Set<String> tooLong = new TreeSet<>();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
      Iterable<? extends JavaFileObject> sources =
          manager.getJavaFileObjectsFromPaths(files(MAIN, ".java"));
      JavacTask task = (JavacTask) compiler.getTask(null, manager, null, null, null, sources);
      SourcePositions positions = Trees.instance(task).getSourcePositions();
      for (CompilationUnitTree file : task.parse()) {
        new TreeScanner<Void, Void>() {
          @Override
          public Void visitMethod(MethodTree method, Void nothing) {
            if (bodyLines(file, method, positions) > LONGEST_METHOD) {
              String path = file.getSourceFile().getName();
              String type = path.substring(path.lastIndexOf('/') + 1, path.lastIndexOf('.'));
              tooLong.add(type + "." + method.getName());
            }
            return super.visitMethod(method, null);
          }
        }.scan(file, null);
      }
    }
    assertThat(tooLong)
        .as("and no more exceptions than are needed")
        .isEqualTo(LONG_METHODS.keySet());
  }

  /** Lines between the braces; 0 where there are none. */
  private static long bodyLines(
      CompilationUnitTree file, MethodTree method, SourcePositions positions) {
    if (method.getBody() == null) {
      return 0;
    }
    LineMap lines = file.getLineMap();
    long first = lines.getLineNumber(positions.getStartPosition(file, method.getBody()));
    return lines.getLineNumber(positions.getEndPosition(file, method.getBody())) - first - 1;
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
