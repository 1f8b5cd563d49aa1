package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.crossdistill.JavaProcess;
import org.crossdistill.JavaProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Loading is decided once a process: the ways to fail are tried in processes of their own. */
final class NativeLibraryTest {

  private static final Path CLASSES = Path.of("target/classes").toAbsolutePath();

  @TempDir Path folder;

  @Test
  void libraryIsLoadedAndOfTheRightVersion() {
    assertThat(NativeLibrary.whyNotLoaded()).isEmpty();
    assertThat(NativeLibrary.version()).matches("\\d+\\.\\d+\\.\\d+");
    assertThat(NativeLibrary.cpuFeatures()).isNotBlank();
    assertThat(NativeLibrary.defaultThreads()).isPositive();
    assertThat(Path.of(NativeLibrary.path())).exists();
  }

  @Test
  void anotherVersionOfTheInterfaceIsRefused() {
    assertThat(NativeLibrary.whyWrongAbi("/x.so", NativeLibrary.abiVersion())).isNull();
    assertThat(NativeLibrary.whyWrongAbi("/x.so", 999))
        .isEqualTo(
            "/x.so: expected version %d of the C interface, found 999", NativeLibrary.abiVersion());
  }

  @Test
  void switchedOffLibraryLeavesTheReference() throws Exception {
    Result result =
        new JavaProcess(NativeProbe.class).environment("CROSSDISTILL_NATIVE", "off").run();
    assertThat(result.out())
        .contains("library: the native library is switched off")
        .contains("isa failed: the native library is switched off")
        .contains("backend: reference (not cuda or cpu: the native library is switched off");
    assertThat(result.err()).contains("backend: reference (not cuda or cpu");
  }

  @Test
  void unknownSettingIsAnErrorThatNamesTheKnown() throws Exception {
    Result property =
        new JavaProcess(NativeProbe.class).option("-Dcrossdistill.native=maybe").run();
    String wrong = "crossdistill.native: expected one of on, off; found 'maybe'";
    assertThat(property.out())
        .contains("library failed: " + wrong, "isa failed: " + wrong, "backend failed: " + wrong);
    Result variable =
        new JavaProcess(NativeProbe.class).environment("CROSSDISTILL_NATIVE", "0").run();
    assertThat(variable.out()).contains("CROSSDISTILL_NATIVE: expected one of on, off; found '0'");
  }

  @Test
  void missingLibraryFileIsNamedWithTheLinkersReason() throws Exception {
    copyClasses();
    Files.delete(natives().resolve(System.mapLibraryName("crossdistill")));
    Result result = fromCopy().run();
    assertThat(result.out())
        .contains("library: the native library cannot be loaded: ")
        .contains(System.mapLibraryName("crossdistill"))
        .contains("backend: reference (not cuda or cpu: the native library cannot be loaded");
  }

  @Test
  void brokenLibraryFileIsNoCrash() throws Exception {
    copyClasses();
    Files.writeString(natives().resolve(System.mapLibraryName("crossdistill")), "no library");
    Result result = fromCopy().run();
    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains("library: the native library cannot be loaded: ");
  }

  /** The linker would map what is not there, and the process would die of it. */
  @ParameterizedTest
  @CsvSource({"crossdistill, 0.999999", "crossdistill, 0.5", "jniCrossdistill, 0.5"})
  void truncatedLibraryFileIsNoCrash(String library, double share) throws Exception {
    assumeThat(Loader.getPlatform()).startsWith("linux");
    copyClasses();
    Path file = natives().resolve(System.mapLibraryName(library));
    long size = Files.size(file);
    cut(file, (long) (share * size));
    Result result = fromCopy().run();
    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("library: the native library cannot be loaded: " + file + ": expected ")
        .contains("bytes, found " + (long) (share * size) + ": truncated")
        .contains("backend: reference (not cuda or cpu");
  }

  /** As a header cut off in the middle, or nothing at all, is. */
  @ParameterizedTest
  @ValueSource(ints = {0, 3, 63, 64, 65, 200, 4096})
  void whateverIsLeftOfALibraryFileIsNoCrash(int bytes) throws Exception {
    copyClasses();
    cut(natives().resolve(System.mapLibraryName("crossdistill")), bytes);
    Result result = fromCopy().run();
    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains("library: the native library cannot be loaded: ");
  }

  private static void cut(Path file, long bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  @Test
  void missingNativesJarIsNamed() throws Exception {
    copyClasses();
    try (Stream<Path> files = Files.list(natives())) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    assertThat(fromCopy().run().out())
        .contains("library: no native library for " + Loader.getPlatform() + " on the class path")
        .contains("-" + Loader.getPlatform() + ".jar");
  }

  @Test
  void jarIsUnpackedToTheFolderThatThePropertyNames() throws Exception {
    copyClasses();
    Path jar = folder.resolve("natives.jar");
    pack(folder.resolve("classes"), jar);
    Path cache = folder.resolve("cache");
    Result result = fromJar(jar, cache).run();
    assertThat(result.out()).contains("library: " + cache).contains("backend: ");
    assertThat(result.out()).doesNotContain("failed");

    // Whatever becomes of the unpacked file, it is unpacked again.
    try (Stream<Path> files = Files.walk(cache)) {
      String name = System.mapLibraryName("crossdistill");
      for (Path file : files.filter(path -> path.endsWith(name)).toList()) {
        cut(file, Files.size(file) / 2);
      }
    }
    assertThat(fromJar(jar, cache).run().out()).isEqualTo(result.out());
  }

  private static JavaProcess fromJar(Path jar, Path cache) {
    return new JavaProcess(NativeProbe.class)
        .classPath(entry -> entry.equals(CLASSES.toString()) ? jar.toString() : entry)
        .option("-Dorg.bytedeco.javacpp.cachedir=" + cache);
  }

  private JavaProcess fromCopy() {
    String copy = folder.resolve("classes").toString();
    return new JavaProcess(NativeProbe.class)
        .classPath(entry -> entry.equals(CLASSES.toString()) ? copy : entry);
  }

  private Path natives() {
    return folder.resolve("classes/org/crossdistill/kernel").resolve(Loader.getPlatform());
  }

  /** The kernel package and what it needs. */
  private void copyClasses() throws IOException {
    Path target = folder.resolve("classes");
    try (Stream<Path> files = Files.walk(CLASSES.resolve("org/crossdistill"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path name = CLASSES.relativize(file);
        if (name.getNameCount() == 3 || name.startsWith("org/crossdistill/kernel")) {
          Files.createDirectories(target.resolve(name).getParent());
          Files.copy(file, target.resolve(name));
        }
      }
    }
  }

  private static void pack(Path classes, Path jar) throws IOException {
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
  }
}
