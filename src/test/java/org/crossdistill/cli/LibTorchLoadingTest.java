package org.crossdistill.cli;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.CrossdistillException;
import org.crossdistill.JavaProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibTorchLoadingTest {
  @TempDir Path folder;

  @Test
  void anEmptyCacheLacksSomeHundredMegabytes() {
    assertThat(LibTorchLoading.bytesToUnpack(folder)).isBetween(300_000_000L, 700_000_000L);
  }

  @Test
  void whatIsLoadedNeedsNoUnpackingAndNoAnnouncement() throws IOException {
    LibTorchLoading.load(
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));

    ByteArrayOutputStream said = new ByteArrayOutputStream();
    LibTorchLoading.load(new PrintStream(said, true, StandardCharsets.UTF_8));
    assertThat(said.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(LibTorchLoading.bytesToUnpack(Loader.getCacheDir().toPath())).isZero();
    assertThat(torch.get_num_threads()).isPositive();
  }

  /** libtorch.so, which is unpacked before, makes the linker map libtorch_cpu.so. */
  @Test
  void anUnpackingThatWasEndedIsDoneAgain() throws Exception {
    for (String name : List.of("c10", "torch")) {
      Files.copy(unpacked(name), libraryIn(folder, name), StandardCopyOption.COPY_ATTRIBUTES);
    }
    Path partial = libraryIn(folder, "torch_cpu");
    Path foreign = Files.writeString(partial.resolveSibling("notes.txt"), "mine");
    try (FileChannel whole = FileChannel.open(unpacked("torch_cpu"));
        FileChannel part = FileChannel.open(partial, CREATE, WRITE)) {
      whole.transferTo(0, 50_000_000, part);
    }

    JavaProcess.Result result =
        new JavaProcess(Main.class)
            .option("-Dorg.bytedeco.javacpp.cachedir=" + folder)
            .run("doctor");

    assertThat(result.err()).contains("Unpacking LibTorch");
    assertThat(result.exitCode()).isZero();
    assertThat(partial).hasSameBinaryContentAs(unpacked("torch_cpu"));
    assertThat(foreign).exists();
  }

  @Test
  void whatIsUnpackedInPartIsRemovedAndNothingElse() throws IOException {
    LibTorchLoading.load(System.err);
    Path whole = libraryIn(folder, "c10");
    Files.copy(unpacked("c10"), whole, StandardCopyOption.COPY_ATTRIBUTES);
    Path partial = Files.writeString(libraryIn(folder, "torch_cpu"), "x");

    LibTorchLoading.removePartial(folder);

    assertThat(whole).exists();
    assertThat(partial).doesNotExist();
  }

  /** Where a library of LibTorch is unpacked to below a cache folder; its folder is made. */
  private static Path libraryIn(Path cache, String name) throws IOException {
    Path library = cache.resolve(Loader.getCacheDir().toPath().relativize(unpacked(name)));
    Files.createDirectories(library.getParent());
    return library;
  }

  private static Path unpacked(String name) throws IOException {
    LibTorchLoading.load(System.err);
    try (Stream<Path> files = Files.walk(Loader.getCacheDir().toPath())) {
      return files
          .filter(file -> file.endsWith(System.mapLibraryName(name)))
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void aCacheFolderThatCannotBeMadeIsNamed() throws IOException {
    Path file = Files.createFile(folder.resolve("no-folder"));
    String wanted = file.resolve("cache").toString();

    assertThatThrownBy(() -> LibTorchLoading.cacheFolder(wanted))
        .isInstanceOf(CrossdistillException.class)
        .hasMessageContaining("cannot be written: " + wanted)
        .hasMessageContaining("org.bytedeco.javacpp.cachedir");
  }

  @Test
  void tooLittleDiskSpaceIsToldInNumbers() {
    assertThatThrownBy(() -> LibTorchLoading.requireSpace(folder, Long.MAX_VALUE))
        .isInstanceOf(CrossdistillException.class)
        .hasMessageContaining("needs " + Long.MAX_VALUE / 1_000_000 + " MB")
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("MB are free");
  }

  @Test
  void enoughDiskSpaceIsNoError() {
    LibTorchLoading.requireSpace(folder, 1);
  }
}
