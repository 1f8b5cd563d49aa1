package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.CrossdistillException;
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
