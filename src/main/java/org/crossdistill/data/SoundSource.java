package org.crossdistill.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.LabelledSamples.Part;

/**
 * Sounds on the disk: WAV files in a folder and a CSV file beside them that says what they hold.
 *
 * @param folder with the manifest; file names in it are relative to the folder
 * @param manifest name of the CSV file, with a header line
 * @param fileColumn where the file's name stands
 * @param labelColumn where the class stands
 * @param splitColumn where the part of the split stands
 * @param pairColumn where the id of the paired sample of the other modality stands; "" for none
 * @param qualityColumn where a number stands that is higher the better the sound is, such as a
 *     signal-to-noise ratio; "" for none
 * @param trainValue what the split column says of training files; files with a value of none of the
 *     three parts are left out
 * @param validationValue what it says of validation files; "" for none
 * @param testValue what it says of test files
 * @param seconds of a sound that a network sees: a longer one is cut, a shorter one padded
 * @param testNoise what is mixed into the test's sounds, the same at every reading
 * @param testSnr its signal-to-noise ratio in dB, from −100 to 100
 * @param spectrogram how sounds become spectrograms
 * @param augmentation how these are varied in training
 */
public record SoundSource(
    @FilePath String folder,
    String manifest,
    String fileColumn,
    String labelColumn,
    String splitColumn,
    String pairColumn,
    String qualityColumn,
    String trainValue,
    String validationValue,
    String testValue,
    double seconds,
    Noise testNoise,
    double testSnr,
    LogMel.Options spectrogram,
    SoundAugmentation augmentation) {

  /** What may be mixed into sounds. */
  public enum Noise {
    /** Nothing. */
    NONE,
    /** Independent normal numbers. */
    WHITE
  }

  private static final double SMALLEST_DEVIATION = 1e-6;

  /** {@return no folder; manifest.csv with the columns file, label and split; one second} */
  public static SoundSource defaults() {
    return new SoundSource(
        "",
        "manifest.csv",
        "file",
        "label",
        "split",
        "",
        "",
        "train",
        "val",
        "test",
        1,
        Noise.NONE,
        20,
        LogMel.Options.defaults(),
        SoundAugmentation.defaults());
  }

  /** Checks the numbers. */
  public SoundSource {
    if (!(seconds > 0 && seconds <= 60)) {
      throw new DataException("seconds: expected a number in (0, 60], found " + seconds);
    }
    if (!(testSnr >= -100 && testSnr <= 100)) {
      throw new DataException("test-snr: expected a number from -100 to 100, found " + testSnr);
    }
    if (spectrogram.frames((int) Math.round(seconds * spectrogram.sampleRate())) == 0) {
      throw new DataException("seconds: expected at least one window, found " + seconds);
    }
  }

  /** {@return frames of a spectrogram} */
  public int frames() {
    return spectrogram.frames(length());
  }

  private int length() {
    return (int) Math.round(seconds * spectrogram.sampleRate());
  }

  /**
   * Reads all sounds.
   *
   * @throws DataException naming the file or folder that is missing or not as it must be
   */
  public LabelledSamples read() {
    Path root = Path.of(folder);
    if (folder.isEmpty() || !Files.isDirectory(root)) {
      throw new DataException(
          "sounds.folder: expected a folder, found " + (folder.isEmpty() ? "none" : folder));
    }
    Manifest rows = Manifest.read(root.resolve(manifest));
    List<String> splits = rows.column(splitColumn);
    List<Integer> used =
        IntStream.range(0, rows.size())
            .filter(row -> part(splits.get(row)) != null)
            .boxed()
            .toList();
    if (used.isEmpty()) {
      throw new DataException(
          "%s: expected '%s' or '%s' in column '%s', found neither"
              .formatted(root.resolve(manifest), trainValue, testValue, splitColumn));
    }
    List<Part> parts = used.stream().map(row -> part(splits.get(row))).toList();
    return collect(root, rows.only(used), parts);
  }

  private LabelledSamples collect(Path root, Manifest rows, List<Part> parts) {
    List<String> files = rows.column(fileColumn);
    List<String> labels = rows.column(labelColumn);
    List<String> pairs = pairColumn.isEmpty() ? List.of() : rows.column(pairColumn);
    List<Float> quality = qualityColumn.isEmpty() ? List.of() : rows.numbers(qualityColumn);
    LogMel logMel = new LogMel(spectrogram);
    float[][] values = new float[files.size()][];
    for (int i = 0; i < values.length; i++) {
      float[] sound = sound(existing(root, files.get(i), rows.number(i)));
      if (parts.get(i) == Part.TEST && testNoise == Noise.WHITE) {
        WhiteNoise.mixInto(sound, testSnr, Seeds.random(0, "noise of " + files.get(i), 0));
      }
      values[i] = normalised(logMel.forward(sound));
    }
    return new LabelledSamples(
        root.resolve(manifest).toString(),
        new SoundSamples(values, spectrogram.bands(), augmentation),
        labels,
        parts,
        files,
        pairs,
        quality);
  }

  private Path existing(Path root, String name, int row) {
    Path file = root.resolve(name);
    if (!Files.exists(file)) {
      throw new DataException(
          "%s, row %d: expected the file %s, found none"
              .formatted(root.resolve(manifest), row, file));
    }
    return file;
  }

  private Part part(String value) {
    if (value.equals(trainValue)) {
      return Part.TRAIN;
    }
    if (value.equals(testValue)) {
      return Part.TEST;
    }
    return value.equals(validationValue) ? Part.VALIDATION : null;
  }

  /**
   * What a network sees of a WAV file.
   *
   * @return [bands·frames]
   * @throws DataException if it is no WAV file, or one of another sample rate
   */
  public float[] input(Path file) {
    return normalised(new LogMel(spectrogram).forward(sound(file)));
  }

  /** Its samples, at most as many as a network sees. */
  private float[] sound(Path file) {
    WavFile wav = WavFile.read(file);
    if (wav.sampleRate() != spectrogram.sampleRate()) {
      throw new DataException(
          "%s: expected %d Hz, found %d Hz"
              .formatted(file, spectrogram.sampleRate(), wav.sampleRate()));
    }
    int count = Math.min(wav.samples().length, length());
    if (spectrogram.frames(count) == 0) {
      throw new DataException(
          "%s: expected at least %d samples, one window, found %d"
              .formatted(file, spectrogram.window(), count));
    }
    return Arrays.copyOf(wav.samples(), count);
  }

  /** (M − mean) / standard deviation of the clip itself, then zeros up to the full length. */
  private float[] normalised(float[][] mels) {
    int frames = mels[0].length;
    double sum = 0;
    double squares = 0;
    for (float[] band : mels) {
      for (float value : band) {
        sum += value;
        squares += (double) value * value;
      }
    }
    double mean = sum / (mels.length * frames);
    double variance = Math.max(0, squares / (mels.length * frames) - mean * mean);
    double scale = 1 / Math.max(Math.sqrt(variance), SMALLEST_DEVIATION);
    float[] values = new float[mels.length * frames()];
    for (int band = 0; band < mels.length; band++) {
      for (int t = 0; t < frames; t++) {
        values[band * frames() + t] = (float) ((mels[band][t] - mean) * scale);
      }
    }
    return values;
  }
}
