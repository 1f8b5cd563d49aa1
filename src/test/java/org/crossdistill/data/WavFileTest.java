package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.crossdistill.TinyDigits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files are put together byte by byte here. */
final class WavFileTest {

  private static final int PCM = 1;
  private static final int FLOATS = 3;

  @TempDir Path folder;

  private Path write(byte[] bytes) {
    try {
      return Files.write(folder.resolve("sound.wav"), bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private WavFile read(int format, int channels, int bits, byte[] data) {
    return WavFile.read(write(TinyDigits.wav(format, channels, 8000, bits, data)));
  }

  private void assertRefused(byte[] bytes, String message) {
    Path file = write(bytes);
    assertThatThrownBy(() -> WavFile.read(file))
        .isInstanceOf(DataException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void eightBitsAreUnsigned() {
    WavFile wav = read(PCM, 1, 8, new byte[] {0, (byte) 128, (byte) 192, (byte) 255});

    assertThat(wav.sampleRate()).isEqualTo(8000);
    assertThat(wav.samples()).containsExactly(-1, 0, 0.5f, 127 / 128f);
  }

  @Test
  void sixteenBits() {
    byte[] data =
        buffer(8)
            .putShort((short) -32768)
            .putShort((short) 0)
            .putShort((short) 1)
            .putShort((short) 32767)
            .array();

    assertThat(read(PCM, 1, 16, data).samples()).containsExactly(-1, 0, 1 / 32768f, 32767 / 32768f);
  }

  @Test
  void twentyFourBits() {
    byte[] data = {0, 0, (byte) 0x80, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0, 0, 0x40};

    assertThat(read(PCM, 1, 24, data).samples()).containsExactly(-1, -1 / 8388608f, 0.5f);
  }

  @Test
  void thirtyTwoBits() {
    byte[] data = buffer(8).putInt(Integer.MIN_VALUE).putInt(1 << 30).array();

    assertThat(read(PCM, 1, 32, data).samples()).containsExactly(-1, 0.5f);
  }

  @Test
  void floats() {
    byte[] single = buffer(8).putFloat(0.1f).putFloat(-1).array();
    byte[] twice = buffer(16).putDouble(0.1).putDouble(-1).array();

    assertThat(read(FLOATS, 1, 32, single).samples()).containsExactly(0.1f, -1);
    assertThat(read(FLOATS, 1, 64, twice).samples()).containsExactly(0.1f, -1);
  }

  @Test
  void channelsAreAveraged() {
    byte[] data =
        buffer(8)
            .putShort((short) 16384)
            .putShort((short) -16384)
            .putShort((short) 16384)
            .putShort((short) 8192)
            .array();

    assertThat(read(PCM, 2, 16, data).samples()).containsExactly(0, 0.375f);
  }

  @Test
  void otherChunksArePassedOverWithTheirPadding() {
    byte[] wav = TinyDigits.wav(8000, new float[] {1});
    byte[] whole = new byte[wav.length + 12];
    ByteBuffer bytes = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(wav, 0, 12).put(TinyDigits.ascii("LIST")).putInt(3).put(new byte[] {1, 2, 3, 0});
    bytes.put(wav, 12, wav.length - 12);

    assertThat(WavFile.read(write(whole)).samples()).containsExactly(32767 / 32768f);
  }

  @Test
  void extensibleFormatNamesItsOwn() {
    byte[] whole = new byte[20 + 40 + 8 + 4];
    ByteBuffer bytes = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(TinyDigits.ascii("RIFF")).putInt(64).put(TinyDigits.ascii("WAVE"));
    bytes.put(TinyDigits.ascii("fmt ")).putInt(40).putShort((short) 0xfffe).putShort((short) 1);
    bytes.putInt(8000).putInt(32000).putShort((short) 4).putShort((short) 32);
    bytes.putShort((short) 22).putShort((short) 32).putInt(0).putShort((short) FLOATS);
    bytes.put(new byte[14]).put(TinyDigits.ascii("data")).putInt(4).putFloat(0.25f);

    assertThat(WavFile.read(write(whole)).samples()).containsExactly(0.25f);
  }

  /** Wherever the file ends too early, nothing is read as if it were whole. */
  @Test
  void everyCutIsNoticed() {
    byte[] whole = TinyDigits.wav(8000, new float[] {1, 1, 1});
    for (int length = 0; length < whole.length; length++) {
      assertRefused(Arrays.copyOf(whole, length), "expected");
    }
  }

  @Test
  void headerThatIsNone() {
    assertRefused(TinyDigits.ascii("This is a text, and no sound."), "expected a WAV file");
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 4", "1, 1, 12", "3, 1, 16", "6, 1, 8", "1, 0, 16"})
  void encodingsThatNobodyReads(int format, int channels, int bits) {
    assertRefused(
        TinyDigits.wav(format, channels, 8000, bits, new byte[8]),
        "found format %d with %d bit, %d channels, 8000 Hz".formatted(format, bits, channels));
  }

  @Test
  void soundWithoutSamples() {
    assertRefused(TinyDigits.wav(8000, new float[0]), "expected samples, found none");
  }

  @Test
  void valueThatIsNoNumber() {
    byte[] data = buffer(8).putFloat(0).putFloat(Float.NaN).array();
    assertRefused(TinyDigits.wav(FLOATS, 1, 8000, 32, data), "sample 1 is NaN");
  }
}
