package org.crossdistill.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A sound from a WAV file: PCM of 8, 16, 24 or 32 bit or IEEE floats of 32 or 64 bit, several
 * channels averaged to one.
 *
 * @param sampleRate in Hz
 * @param samples in [−1, 1], at least one
 */
public record WavFile(int sampleRate, float[] samples) {

  private static final int RIFF = tag("RIFF");
  private static final int WAVE = tag("WAVE");
  private static final int FORMAT = tag("fmt ");
  private static final int DATA = tag("data");
  private static final int PCM = 1;
  private static final int FLOATS = 3;
  private static final int EXTENSIBLE = 0xfffe;
  private static final int SUB_FORMAT = 24;

  /** What the {@code fmt } chunk says. */
  private record Format(int kind, int channels, int sampleRate, int bits) {}

  /**
   * Reads a file.
   *
   * @throws DataException naming the file: missing, no WAV, cut off, empty or of another encoding
   */
  public static WavFile read(Path file) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      if (bytes.remaining() < 12 || bytes.getInt() != RIFF || bytes.getInt(8) != WAVE) {
        throw new DataException(file + ": expected a WAV file, found no RIFF/WAVE header");
      }
      bytes.position(12);
      return chunks(file, bytes);
    } catch (IOException e) {
      throw IoErrors.cannotRead(file, e);
    }
  }

  private static WavFile chunks(Path file, ByteBuffer bytes) {
    Format format = null;
    while (bytes.remaining() >= 8) {
      int tag = bytes.getInt();
      long size = Integer.toUnsignedLong(bytes.getInt());
      if (size > bytes.remaining()) {
        throw new DataException(
            "%s: the file is cut off: expected %d bytes, found %d"
                .formatted(file, size, bytes.remaining()));
      }
      ByteBuffer chunk = bytes.slice(bytes.position(), (int) size).order(ByteOrder.LITTLE_ENDIAN);
      if (tag == FORMAT) {
        format = format(file, chunk);
      } else if (tag == DATA && format != null) {
        return new WavFile(format.sampleRate, samples(file, format, chunk));
      }
      // Chunks begin at even places.
      bytes.position((int) Math.min(bytes.limit(), bytes.position() + size + size % 2));
    }
    throw new DataException(
        file + ": expected a 'fmt ' and then a 'data' chunk, found the end of the file");
  }

  private static Format format(Path file, ByteBuffer chunk) {
    if (chunk.remaining() < 16) {
      throw new DataException(
          file + ": expected a format of 16 bytes or more, found " + chunk.remaining());
    }
    int kind = chunk.getShort(0) & 0xffff;
    if (kind == EXTENSIBLE && chunk.remaining() >= SUB_FORMAT + 2) {
      kind = chunk.getShort(SUB_FORMAT) & 0xffff;
    }
    int bits = chunk.getShort(14);
    Format format = new Format(kind, chunk.getShort(2), chunk.getInt(4), bits);
    boolean known =
        (kind == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32))
            || (kind == FLOATS && (bits == 32 || bits == 64));
    if (!known || format.channels < 1 || format.sampleRate < 1) {
      throw new DataException(
          ("%s: expected PCM of 8, 16, 24 or 32 bit or floats of 32 or 64 bit,"
                  + " found format %d with %d bit, %d channels, %d Hz")
              .formatted(file, kind, bits, format.channels, format.sampleRate));
    }
    return format;
  }

  private static float[] samples(Path file, Format format, ByteBuffer data) {
    int width = format.bits / 8;
    float[] samples = new float[data.remaining() / width / format.channels];
    if (samples.length == 0) {
      throw new DataException(file + ": expected samples, found none");
    }
    for (int i = 0; i < samples.length; i++) {
      double sum = 0;
      for (int channel = 0; channel < format.channels; channel++) {
        sum += sample(format, data, (i * format.channels + channel) * width);
      }
      samples[i] = (float) (sum / format.channels);
      if (!Float.isFinite(samples[i])) {
        throw new DataException(file + ": sample " + i + " is " + samples[i]);
      }
    }
    return samples;
  }

  private static double sample(Format format, ByteBuffer data, int at) {
    if (format.kind == FLOATS) {
      return format.bits == 64 ? data.getDouble(at) : data.getFloat(at);
    }
    return switch (format.bits) {
      case 8 -> ((data.get(at) & 0xff) - 128) / 128.0; // alone unsigned
      case 16 -> data.getShort(at) / 32768.0;
      case 24 -> ((data.get(at + 2) << 16) | (data.getShort(at) & 0xffff)) / 8388608.0;
      default -> data.getInt(at) / 2147483648.0;
    };
  }

  /** Four letters as they stand in the file, read as a little-endian number. */
  private static int tag(String name) {
    return name.charAt(0) | name.charAt(1) << 8 | name.charAt(2) << 16 | name.charAt(3) << 24;
  }
}
