package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ManifestTest {

  @TempDir Path folder;

  private Path write(String text) throws IOException {
    return Files.writeString(folder.resolve("manifest.csv"), text);
  }

  @Test
  void columnsByNameWithQuotesAndOtherLineEnds() throws IOException {
    Path file = write("label,file\r\n zero ,\"a, b.wav\"\r\n\"o\"\"ne\",c.wav\r\n");

    Manifest manifest = Manifest.read(file);

    assertThat(manifest.size()).isEqualTo(2);
    assertThat(manifest.column("label")).containsExactly("zero", "o\"ne");
    assertThat(manifest.column("file")).containsExactly("a, b.wav", "c.wav");
  }

  @Test
  void columnThatIsMissing() throws IOException {
    Path file = write("file,label\na.wav,1\n");
    assertThatThrownBy(() -> Manifest.read(file).column("split"))
        .isInstanceOf(DataException.class)
        .hasMessage(file + ": expected a column 'split', found [file, label]");
  }

  @Test
  void valueThatIsMissing() throws IOException {
    Path file = write("file,label\na.wav,1\nb.wav,\n");
    assertThatThrownBy(() -> Manifest.read(file).column("label"))
        .isInstanceOf(DataException.class)
        .hasMessage(file + ", row 2: expected a value in column 'label', found none");
  }

  @Test
  void rowThatIsTooShortOrTooLong() throws IOException {
    Path cut = write("file,label\na.wav,1\nb.wav\n");
    assertThatThrownBy(() -> Manifest.read(cut).column("label"))
        .hasMessage(cut + ", row 2: expected a value in column 'label', found none");
    Path wide = write("file,label\na.wav,1,2\n");
    assertThatThrownBy(() -> Manifest.read(wide))
        .isInstanceOf(DataException.class)
        .hasMessageContaining(wide.toString());
  }

  @Test
  void noRowsAndNoFile() throws IOException {
    Path header = write("file,label\n");
    assertThatThrownBy(() -> Manifest.read(header))
        .isInstanceOf(DataException.class)
        .hasMessage(header + ": expected a header line and rows, found no rows");
    Path empty = write("");
    assertThatThrownBy(() -> Manifest.read(empty))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("manifest.csv: empty header line");
    assertThatThrownBy(() -> Manifest.read(folder.resolve("gone.csv")))
        .hasMessageContaining("gone.csv: no such file");
  }
}
