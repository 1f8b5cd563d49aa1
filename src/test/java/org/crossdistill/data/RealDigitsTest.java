package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.SharedFolder;
import org.crossdistill.data.LabelledSamples.Choice;
import org.crossdistill.data.LabelledSamples.Part;
import org.crossdistill.data.PictureSource.Ink;
import org.junit.jupiter.api.Test;

/** Real pictures and sounds, where they are on this machine. */
final class RealDigitsTest {

  private static final List<String> DIGITS =
      IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  @Test
  void writtenDigits() {
    Path folder = SharedFolder.require("data/image-digits");
    LabelledSamples all =
        new PictureSource(
                folder.resolve("train-10k-images-idx3-ubyte.gz").toString(),
                folder.resolve("train-10k-labels-idx1-ubyte.gz").toString(),
                folder.resolve("test-2k-images-idx3-ubyte.gz").toString(),
                folder.resolve("test-2k-labels-idx1-ubyte.gz").toString(),
                28,
                Ink.BRIGHT)
            .read();

    assertThat(all.samples().size()).isEqualTo(12000);
    assertThat(Collections.frequency(all.parts(), Part.TEST)).isEqualTo(2000);
    assertThat(all.classNames()).isEqualTo(DIGITS);
    assertThat(nearestMean(all)).isGreaterThan(0.7);
  }

  @Test
  void spokenDigits() {
    Path folder = SharedFolder.require("data/spoken-digits");
    LabelledSamples all =
        new SoundSource(
                folder.toString(),
                "clips.csv",
                "file",
                "digit",
                "split_unseen_speakers",
                "",
                "",
                "train",
                "val",
                "test",
                0.5,
                SoundSource.Noise.NONE,
                20,
                LogMel.Options.defaults(),
                SoundAugmentation.defaults())
            .read();

    assertThat(all.samples().size()).isEqualTo(1500);
    assertThat(all.samples().shape()).containsExactly(1, 40, 48);
    assertThat(all.classNames()).isEqualTo(DIGITS);
    assertThat(nearestMean(all)).isGreaterThan(0.4);
  }

  /** Test accuracy of the nearest class mean, 0.1 by chance: labels fit what is read. */
  private static double nearestMean(LabelledSamples all) {
    Split split = all.split(new Choice(0, Integer.MAX_VALUE, 0));
    int length = all.samples().length();
    double[][] means = new double[10][length];
    int[] counts = new int[10];
    for (int i = 0; i < split.train().samples().length; i++) {
      float[] values = all.samples().get(split.train().samples()[i]);
      int label = split.train().labels()[i];
      counts[label]++;
      for (int j = 0; j < length; j++) {
        means[label][j] += values[j];
      }
    }
    int right = 0;
    for (int i = 0; i < split.test().samples().length; i++) {
      float[] values = all.samples().get(split.test().samples()[i]);
      int nearest = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int label = 0; label < 10; label++) {
        double square = 0;
        for (int j = 0; j < length; j++) {
          double difference = values[j] - means[label][j] / counts[label];
          square += difference * difference;
        }
        if (square < least) {
          least = square;
          nearest = label;
        }
      }
      right += nearest == split.test().labels()[i] ? 1 : 0;
    }
    return (double) right / split.test().samples().length;
  }
}
