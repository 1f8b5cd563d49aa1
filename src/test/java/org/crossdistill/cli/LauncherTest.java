package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the launcher script in a copy of the repository's outline, with scripts in place of Java,
 * Maven, CMake and the compiler: the PATH holds nothing else but the shell's own tools.
 */
class LauncherTest {
  private static final List<String> SHELL_TOOLS =
      List.of(
          "bash",
          "cat",
          "dirname",
          "env",
          "find",
          "flock",
          "grep",
          "mkdir",
          "readlink",
          "rm",
          "sed",
          "sleep",
          "tail",
          "touch",
          "uname");

  /** In the C locale Java cannot make a path with an umlaut. */
  private static final CharsetEncoder NAMES =
      Charset.forName(System.getProperty("sun.jnu.encoding")).newEncoder();

  @TempDir Path folder;
  private Path repository;
  private Path bin;
  private Path javaHome;

  private record Outcome(int code, List<String> out, List<String> err) {}

  @BeforeEach
  void makeRepositoryAndTools() throws IOException {
    repository = folder.resolve(NAMES.canEncode('ö') ? "a clone, größer" : "a clone, bigger");
    bin = Files.createDirectory(folder.resolve("bin"));
    javaHome = folder.resolve("jdk");
    Files.createDirectories(repository.resolve("src/main"));
    Files.createDirectories(repository.resolve("src/test"));
    Files.createDirectories(repository.resolve("native"));
    Files.copy(Path.of("crossdistill"), repository.resolve("crossdistill"));
    Files.writeString(repository.resolve("pom.xml"), "");
    Files.writeString(repository.resolve("src/main/A.java"), "");
    Files.writeString(
        repository.resolve("native/CMakeLists.txt"), "cmake_minimum_required(VERSION 3.18)\n");
    for (String tool : SHELL_TOOLS) {
      admit(tool);
    }
    script(javaHome.resolve("bin/java"), "echo \"args: ${@: -2:1}|${@: -1}\"", "exit 7");
    script(javaHome.resolve("bin/javac"), "exit 0");
    Files.writeString(javaHome.resolve("release"), "JAVA_VERSION=\"17.0.9\"\n");
    script(bin.resolve("g++"), "exit 0");
    script(bin.resolve("cmake"), "echo cmake version 3.25.1");
    script(bin.resolve("make"), "exit 0");
    maven(
        "echo '[INFO] Downloading from central: https://example.org/a.jar'; sleep 0.4",
        "echo '[INFO] --- javacpp:1.5.13:build (natives) @ crossdistill ---'; sleep 0.4",
        "mkdir -p target/classes; touch dependency.jar; echo \"$PWD/dependency.jar\" >target/runtime.classpath");
  }

  @Test
  void theFirstStartBuildsAndKeepsStandardOutputClean() throws Exception {
    Outcome outcome = launch("train", "my file.toml");

    assertThat(outcome.out()).containsExactly("args: train|my file.toml");
    assertThat(outcome.code()).isEqualTo(7);
    assertThat(outcome.err())
        .contains("crossdistill: building the native library")
        .anyMatch(line -> line.startsWith("crossdistill: downloading dependencies"))
        .anyMatch(line -> line.startsWith("crossdistill: built in"));
  }

  @Test
  void aFinishedBuildNeedsJavaAloneAndSaysNothing() throws Exception {
    build();
    for (String tool : List.of("mvn", "g++", "cmake", "make")) {
      Files.delete(bin.resolve(tool));
    }

    Outcome outcome = launch("doctor", "--json");

    assertThat(outcome).isEqualTo(new Outcome(7, List.of("args: doctor|--json"), List.of()));
  }

  @Test
  void eachMissingToolIsNamedInOneLineWithItsPackages() throws Exception {
    for (String tool : List.of("mvn", "g++", "cmake", "make")) {
      Files.delete(bin.resolve(tool));
    }

    Outcome outcome = launch("quickstart");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).hasSize(4).allMatch(line -> line.startsWith("crossdistill: needs "));
    assertThat(outcome.err().get(0)).contains("Maven", "Debian: apt install maven");
    assertThat(outcome.err().get(1)).contains("C++17", "gcc-c++", "xcode-select");
    assertThat(outcome.err().get(2)).contains("CMake 3.18", "brew install cmake");
    assertThat(outcome.err().get(3)).contains("make");
  }

  @Test
  void withoutAnythingEachToolIsNamedOnceAtOnce() throws Exception {
    for (String tool : List.of("mvn", "g++", "cmake", "make")) {
      Files.delete(bin.resolve(tool));
    }
    Files.delete(javaHome.resolve("bin/java"));

    Outcome outcome = launch("quickstart");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err())
        .hasSize(5)
        .first()
        .asString()
        .contains("Java 17", "openjdk-17-jdk-headless", "java-latest-openjdk-devel");
  }

  @Test
  void aRuntimeWithoutCompilerRunsABuildButCannotMakeOne() throws Exception {
    Files.delete(javaHome.resolve("bin/javac"));

    Outcome outcome = launch("quickstart");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err()).hasSize(1).first().asString().contains("has no bin/javac");
  }

  @Test
  void toolsThatAreTooOldCountAsMissing() throws Exception {
    script(bin.resolve("cmake"), "echo cmake version 3.9.6");
    script(bin.resolve("g++"), "exit 1");

    Outcome outcome = launch("quickstart");

    assertThat(outcome.code()).isEqualTo(3);
    assertThat(outcome.err()).hasSize(2);
    assertThat(outcome.err().get(0)).contains("C++17");
    assertThat(outcome.err().get(1)).contains("CMake 3.18 or newer (found 3.9.6)");
  }

  @Test
  void anOldJavaAndAFolderWithoutJavaAreNamed() throws Exception {
    Files.writeString(javaHome.resolve("release"), "JAVA_VERSION=\"1.8.0_352\"\n");
    Outcome old = launch("quickstart");
    Files.delete(javaHome.resolve("bin/java"));
    Outcome none = launch("quickstart");

    assertThat(old.code()).isEqualTo(3);
    assertThat(old.err()).hasSize(1).first().asString().contains("found 8.0_352", "openjdk-17-jdk");
    assertThat(none.code()).isEqualTo(3);
    assertThat(none.err()).hasSize(1).first().asString().contains("JAVA_HOME is " + javaHome);
  }

  @Test
  void onlyWhatRunsLeadsToANewBuild() throws Exception {
    build();
    laterThanTheBuild(Files.writeString(repository.resolve("src/test/ATest.java"), ""));
    assertThat(launch("--version").err()).isEmpty();

    laterThanTheBuild(repository.resolve("src/main/A.java"));
    assertThat(launch("--version").err()).isNotEmpty();
  }

  @Test
  void aRemovedSourceOrAMissingDependencyLeadsToANewBuild() throws Exception {
    build();
    Files.delete(repository.resolve("src/main/A.java"));
    laterThanTheBuild(repository.resolve("src/main"));
    assertThat(launch("--version").err()).isNotEmpty();
    Files.setLastModifiedTime(repository.resolve("src/main"), FileTime.from(Instant.EPOCH));
    assertThat(launch("--version").err()).isEmpty();

    Files.delete(repository.resolve("dependency.jar"));
    assertThat(launch("--version").err()).isNotEmpty();
  }

  @Test
  void aFailedBuildNamesItsLogAndItsFirstError() throws Exception {
    maven("echo '[ERROR] no such host'; echo '[ERROR] second'; exit 1");

    Outcome outcome = launch("quickstart");

    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    Path log = repository.toRealPath().resolve("target/launcher-build.log");
    assertThat(outcome.err())
        .endsWith(
            "crossdistill: the build failed; everything it said is in " + log,
            "[ERROR] no such host");
    assertThat(Files.readString(log)).contains("second");
  }

  @Test
  void twoStartsAtOnceBuildOnce() throws Exception {
    Process first = start(repository.resolve("crossdistill"), "a", "b");
    Process second = start(repository.resolve("crossdistill"), "a", "b");

    List<String> said = new ArrayList<>(outcome(first).err());
    said.addAll(outcome(second).err());

    assertThat(said.stream().filter(line -> line.contains(": built in"))).hasSize(1);
    assertThat(said).anyMatch(line -> line.contains("waiting for another build"));
  }

  @Test
  void startsThroughASymbolicLinkFromAnyFolder() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("cd"), repository.resolve("crossdistill"));

    assertThat(outcome(start(link, "x", "y")).out()).containsExactly("args: x|y");
  }

  private void build() throws Exception {
    assertThat(launch("--version").err()).anyMatch(line -> line.contains(": built in"));
  }

  private static void laterThanTheBuild(Path source) throws IOException {
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
  }

  private void maven(String... commands) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("[ \"$1\" != -version ] || { echo Apache Maven 3.8.7; exit 0; }");
    lines.addAll(List.of(commands));
    script(bin.resolve("mvn"), lines.toArray(String[]::new));
  }

  private static void script(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/bash\n" + String.join("\n", lines) + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private void admit(String tool) throws IOException {
    for (String directory : List.of("/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")) {
      Path file = Path.of(directory, tool);
      if (Files.isExecutable(file)) {
        script(bin.resolve(tool), "exec " + file + " \"$@\"");
        return;
      }
    }
  }

  private Outcome launch(String... arguments) throws Exception {
    return outcome(start(repository.resolve("crossdistill"), arguments));
  }

  private Process start(Path script, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", bin.toString());
    builder.environment().put("JAVA_HOME", javaHome.toString());
    return builder.start();
  }

  private static Outcome outcome(Process process) throws Exception {
    process.getOutputStream().close();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Outcome(
        process.exitValue(),
        lines(process.getInputStream().readAllBytes()),
        lines(process.getErrorStream().readAllBytes()));
  }

  private static List<String> lines(byte[] output) {
    return new String(output, StandardCharsets.UTF_8).lines().toList();
  }
}
