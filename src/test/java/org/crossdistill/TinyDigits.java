package org.crossdistill;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A data set of pictures and sounds as a user would have it, small enough for a test: classes 0, 1,
 * 2 with a few idx pictures and WAV files each, and a manifest that also pairs them one by one.
 */
public final class TinyDigits {

  public static final int CLASSES = 3;
  public static final int TRAIN = 5;
  public static final int TEST = 2;
  private static final int SIDE = 8;
  private static final int RATE = 16000;

  private TinyDigits() {}

  /** Writes the files. */
  public static void write(Path folder) {
    try {
      Files.createDirectories(folder);
      StringBuilder manifest = new StringBuilder("file,label,split,picture,snr\n");
      part(folder, "train", TRAIN, manifest);
      part(folder, "test", TEST, manifest);
      Files.writeString(folder.resolve("manifest.csv"), manifest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void part(Path folder, String part, int perClass, StringBuilder manifest)
      throws IOException {
    int count = CLASSES * perClass;
    byte[] pictures = new byte[count * SIDE * SIDE];
    byte[] labels = new byte[count];
    for (int i = 0; i < count; i++) {
      int label = i % CLASSES;
      labels[i] = (byte) label;
      for (int x = 0; x < SIDE; x++) {
        // A line, whose row is the class and whose length tells the sample.
        pictures[(i * SIDE + 2 * label + 1) * SIDE + x] = (byte) (x <= 2 + i / CLASSES ? 255 : 0);
      }
      String file = part + "-" + i + ".wav";
      Files.write(folder.resolve(file), wav(RATE, tone(400 * (label + 1) + 10 * (i / CLASSES))));
      manifest.append("%s,%d,%s,%d,%d.5%n".formatted(file, label, part, i, 10 + i));
    }
    Files.write(folder.resolve(part + "-images"), idx(pictures, count, SIDE, SIDE));
    Files.write(folder.resolve(part + "-labels"), idx(labels, count));
  }

  private static float[] tone(double hertz) {
    float[] samples = new float[RATE / 10];
    for (int n = 0; n < samples.length; n++) {
      samples[n] = (float) (0.5 * Math.sin(2 * Math.PI * hertz * n / RATE));
    }
    return samples;
  }

  /** An idx file of unsigned bytes. */
  public static byte[] idx(byte[] values, int... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * shape.length + values.length);
    bytes.putInt((8 << 8) | shape.length);
    for (int size : shape) {
      bytes.putInt(size);
    }
    return bytes.put(values).array();
  }

  /** A WAV file of one channel with 16 bit. */
  public static byte[] wav(int rate, float[] samples) {
    ByteBuffer data = ByteBuffer.allocate(2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float sample : samples) {
      data.putShort((short) Math.round(sample * 32767));
    }
    return wav(1, 1, rate, 16, data.array());
  }

  /** A WAV file. */
  public static byte[] wav(int format, int channels, int rate, int bits, byte[] data) {
    ByteBuffer bytes = ByteBuffer.allocate(44 + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(ascii("RIFF")).putInt(36 + data.length).put(ascii("WAVE"));
    bytes.put(ascii("fmt ")).putInt(16).putShort((short) format).putShort((short) channels);
    bytes.putInt(rate).putInt(rate * channels * bits / 8);
    bytes.putShort((short) (channels * bits / 8)).putShort((short) bits);
    return bytes.put(ascii("data")).putInt(data.length).put(data).array();
  }

  /** A text as bytes. */
  public static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** A configuration over the files: two epochs of small networks. */
  public static Path config(Path folder, String student, String method) {
    String text =
        """
        [data]
        name = "av-digits"
        student = "%2$s"
        validation-fraction = 0.2
        [data.pictures]
        train = "%1$s/train-images"
        train-labels = "%1$s/train-labels"
        test = "%1$s/test-images"
        test-labels = "%1$s/test-labels"
        size = 8
        [data.sounds]
        folder = "%1$s"
        seconds = 0.1
        [teacher]
        kind = "classifier"
        train = { epochs = 2, batch-size = 4 }
        [student]
        channels = [4, 4]
        embedding = 8
        [train]
        epochs = 2
        batch-size = 4
        [method]
        name = "%3$s"
        """
            .formatted(folder, student, method);
    try {
      return Files.writeString(folder.resolve(method + ".toml"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
