package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {

  @TempDir private Path folder;

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void writesANewFileAndReplacesAnOldOne() throws IOException {
    Path target = folder.resolve("metrics.jsonl");

    AtomicFiles.write(target, "é\n");
    assertThat(Files.readAllBytes(target)).containsExactly(0xc3, 0xa9, '\n');

    AtomicFiles.write(target, new byte[] {1, 2, 3});
    assertThat(Files.readAllBytes(target)).containsExactly(1, 2, 3);
    assertThat(names()).containsExactly("metrics.jsonl");
  }

  @Test
  void aDeviceOrPipeIsNotReplaced() throws Exception {
    Path pipe = folder.resolve("pipe");
    Process process = new ProcessBuilder("mkfifo", pipe.toString()).start();
    assumeTrue(process.waitFor() == 0, "this system has no mkfifo");

    assertThatThrownBy(() -> AtomicFiles.write(pipe, "text"))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "cannot write " + pipe + ": expected a file or nothing there, found a device or pipe");
    assertThat(Files.isRegularFile(pipe)).isFalse();
    assertThat(names()).containsExactly("pipe");
  }

  @Test
  void aFullDiskLeavesTheOldFileAndNothingElse() throws IOException {
    Path target = folder.resolve("model.safetensors");
    AtomicFiles.write(target, "old");

    assertThatThrownBy(
            () ->
                AtomicFiles.write(
                    target,
                    out -> {
                      out.write(new byte[1 << 20]);
                      throw new IOException("No space left on device");
                    }))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot write " + target + ": no space left on device");
    assertThat(target).hasContent("old");
    assertThat(names()).containsExactly("model.safetensors");
  }

  @Test
  void anErrorOfTheWriterItselfAlsoLeavesNothing() throws IOException {
    assertThatThrownBy(
            () ->
                AtomicFiles.write(
                    folder.resolve("a"),
                    out -> {
                      throw new IllegalStateException("bug");
                    }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(names()).isEmpty();
  }

  @Test
  void aMissingFolderIsNamed() {
    Path target = folder.resolve("missing").resolve("a.json");
    assertThatThrownBy(() -> AtomicFiles.write(target, "x"))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot write " + target + ": no such file or folder");
  }

  @Test
  void aFolderThatIsAFileIsAnError() {
    Path file = folder.resolve("file");
    AtomicFiles.write(file, "x");
    assertThatThrownBy(() -> AtomicFiles.write(file.resolve("a.json"), "x"))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot write " + file.resolve("a.json") + ": not a directory");
  }

  @Test
  void aTargetThatIsAFolderStaysOne() throws IOException {
    Path target = Files.createDirectory(folder.resolve("run"));
    assertThatThrownBy(() -> AtomicFiles.write(target, "x"))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("cannot write " + target + ": is a directory");
    assertThat(target).isDirectory();
    assertThat(names()).containsExactly("run");
  }

  @Test
  void anUnwritableFolderIsAnError() throws IOException {
    Path locked = Files.createDirectory(folder.resolve("locked"));
    Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeTrue(!Files.isWritable(locked), "this user may write everywhere");
    assertThatThrownBy(() -> AtomicFiles.write(locked.resolve("a"), "x"))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot write " + locked.resolve("a") + ": permission denied");
  }

  @Test
  void anInterruptedThreadStillSavesAndStaysInterrupted() throws IOException {
    Path target = folder.resolve("last.safetensors");
    Thread.currentThread().interrupt();
    AtomicFiles.write(target, "epoch 3");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(Files.readString(target, StandardCharsets.UTF_8)).isEqualTo("epoch 3");
  }

  @Test
  void makesFoldersAndNamesTheOneThatIsAFile() {
    Path deep = folder.resolve("a").resolve("b");
    assertThat(AtomicFiles.createFolders(deep)).containsExactly(deep, deep.getParent());
    assertThat(AtomicFiles.createFolders(deep)).isEmpty();
    assertThat(deep).isDirectory();

    Path file = deep.resolve("file");
    AtomicFiles.write(file, "x");
    assertThatThrownBy(() -> AtomicFiles.createFolders(file))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot make the folder " + file + ": a file has that name");
    assertThatThrownBy(() -> AtomicFiles.createFolders(file.resolve("c")))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith("cannot write " + file.resolve("c") + ": ");
  }

  @Test
  void removesEmptyFoldersUpToOneInUse() throws IOException {
    Path used = folder.resolve("used");
    List<Path> made = AtomicFiles.createFolders(used.resolve("a").resolve("b"));
    AtomicFiles.write(used.resolve("file"), "x");
    AtomicFiles.removeEmpty(made);
    assertThat(names()).containsExactly("used");
    assertThat(used.resolve("a")).doesNotExist();
    assertThat(used.resolve("file")).exists();
  }

  @Test
  void rootIsNoFile() {
    Path root = folder.toAbsolutePath().getRoot();
    assertThatThrownBy(() -> AtomicFiles.write(root, "text"))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot write " + root + ": expected a file, found a root folder");
  }
}
