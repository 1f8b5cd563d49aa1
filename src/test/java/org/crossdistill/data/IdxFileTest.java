package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.crossdistill.TinyDigits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IdxFileTest {

  private static final byte[] VALUES = {0, 1, 2, 3, (byte) 200, (byte) 255};

  @TempDir Path folder;

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("file"), bytes);
  }

  private void assertRefused(byte[] bytes, int dimensions, String message) throws IOException {
    Path file = write(bytes);
    assertThatThrownBy(() -> IdxFile.read(file, dimensions))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  private static byte[] compressed(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
      zip.write(bytes);
    }
    return out.toByteArray();
  }

  @Test
  void plainAndCompressedAreTheSame() throws IOException {
    byte[] plain = TinyDigits.idx(VALUES, 1, 2, 3);
    for (byte[] bytes : new byte[][] {plain, compressed(plain)}) {
      IdxFile idx = IdxFile.read(write(bytes), 3);
      assertThat(idx.shape()).containsExactly(1, 2, 3);
      assertThat(idx.values()).isEqualTo(VALUES);
    }
  }

  @Test
  void otherTypesAndDimensionsAreNamed() throws IOException {
    byte[] floats = TinyDigits.idx(VALUES, 6);
    floats[2] = 0x0d;
    assertRefused(floats, 1, "(magic 0x00000801), found 0x00000d01");
    assertRefused(TinyDigits.idx(VALUES, 6), 3, "(magic 0x00000803), found 0x00000801");
    assertRefused(TinyDigits.ascii("no idx file"), 1, "found 0x6e6f2069");
  }

  @Test
  void countsThatAreNot() throws IOException {
    assertRefused(TinyDigits.idx(VALUES, 7), 1, "expected 7 values for [7], found 6");
    assertRefused(TinyDigits.idx(VALUES, 5), 1, "expected 5 values for [5], found more");
    assertRefused(TinyDigits.idx(VALUES, 0), 1, "found [0]");
    assertRefused(TinyDigits.idx(VALUES, -6), 1, "found [-6]");
    assertRefused(TinyDigits.idx(VALUES, 1 << 20, 1 << 20, 1), 3, "found [1048576, 1048576, 0]");
  }

  @Test
  void everyCutIsNoticed() throws IOException {
    byte[] plain = TinyDigits.idx(VALUES, 6);
    byte[] zipped = compressed(plain);
    for (int length = 0; length < plain.length; length++) {
      assertRefused(Arrays.copyOf(plain, length), 1, "");
    }
    for (int length = 3; length < zipped.length; length++) {
      assertRefused(Arrays.copyOf(zipped, length), 1, "");
    }
  }

  @Test
  void fileThatIsNotThere() {
    assertThatThrownBy(() -> IdxFile.read(folder.resolve("gone"), 1))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("gone: no such file");
  }
}
