package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.crossdistill.TinyDigits;
import org.crossdistill.data.LabelledSamples.Part;
import org.crossdistill.data.PictureSource.Ink;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures and sounds as they lie on the disk. */
final class DigitSourcesTest {

  @TempDir Path folder;

  @BeforeEach
  void write() {
    TinyDigits.write(folder);
  }

  private PictureSource pictures() {
    return new PictureSource(
        folder.resolve("train-images").toString(),
        folder.resolve("train-labels").toString(),
        folder.resolve("test-images").toString(),
        folder.resolve("test-labels").toString(),
        8,
        Ink.BRIGHT);
  }

  private SoundSource sounds(double seconds, SoundAugmentation augmentation) {
    return sounds(seconds, SoundSource.Noise.NONE, 20, augmentation);
  }

  private SoundSource sounds(
      double seconds, SoundSource.Noise noise, double snr, SoundAugmentation augmentation) {
    return new SoundSource(
        folder.toString(),
        "manifest.csv",
        "file",
        "label",
        "split",
        "picture",
        "snr",
        "train",
        "val",
        "test",
        seconds,
        noise,
        snr,
        LogMel.Options.defaults(),
        augmentation);
  }

  private SoundSource sounds() {
    return sounds(0.1, SoundAugmentation.defaults());
  }

  @Test
  void picturesOfIdxFiles() {
    LabelledSamples all = pictures().read();

    assertThat(all.samples().size()).isEqualTo(21);
    assertThat(all.samples().shape()).containsExactly(1, 8, 8);
    assertThat(all.classes().subList(0, 4)).containsExactly("0", "1", "2", "0");
    assertThat(all.parts().get(14)).isEqualTo(Part.TRAIN);
    assertThat(all.parts().get(15)).isEqualTo(Part.TEST);
    assertThat(all.ids().get(15)).isEqualTo("0");
    float[] picture = all.samples().get(1);
    float drawn = picture[3 * 8];
    float blank = picture[0];
    assertThat(drawn - blank).isCloseTo(1 / PictureTransform.DEFAULT.std(), within(1e-4f));
    assertThat(picture[3 * 8 + 2]).isEqualTo(drawn);
    assertThat(picture[3 * 8 + 3]).isEqualTo(blank);
  }

  @Test
  void measuredQualityGoesWithItsSound() {
    LabelledSamples all = sounds().read();

    for (int i = 0; i < all.samples().size(); i++) {
      int number = Integer.parseInt(all.ids().get(i).replaceAll("\\D", ""));
      assertThat(all.qualityOrNull()[i]).isEqualTo(10.5f + number);
    }
    assertThat(pictures().read().qualityOrNull()).isNull();
  }

  @Test
  void foldersOfPicturesAreTheSamePictures() throws IOException {
    for (String part : new String[] {"train", "test"}) {
      IdxFile images = IdxFile.read(folder.resolve(part + "-images"), 3);
      for (int i = 0; i < images.shape()[0]; i++) {
        BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int at = 0; at < 64; at++) {
          int value = images.values()[i * 64 + at] & 0xff;
          image.setRGB(at % 8, at / 8, value * 0x010101);
        }
        Path file = folder.resolve("%s-folder/%d/%02d.png".formatted(part, i % 3, i));
        Files.createDirectories(file.getParent());
        ImageIO.write(image, "png", file.toFile());
      }
    }
    PictureSource folders =
        new PictureSource(
            folder.resolve("train-folder").toString(),
            "",
            folder.resolve("test-folder").toString(),
            "",
            8,
            Ink.BRIGHT);
    LabelledSamples all = folders.read();
    LabelledSamples idx = pictures().read();

    assertThat(all.classNames()).containsExactly("0", "1", "2");
    // Folder by folder: 00, 03, 06, 09, 12 of class 0, then 01 … of class 1.
    assertThat(all.ids().get(6)).isEqualTo("1/04.png");
    assertThat(all.samples().get(6)).isEqualTo(idx.samples().get(4));
    assertThat(folders.input(folder.resolve("train-folder/1/04.png")))
        .isEqualTo(idx.samples().get(4));
  }

  @Test
  void picturesThatAreNotAsTheyMustBe() throws IOException {
    Files.write(folder.resolve("train-labels"), TinyDigits.idx(new byte[14], 14));
    assertThatThrownBy(() -> pictures().read())
        .isInstanceOf(DataException.class)
        .hasMessageContaining("train-labels: expected 15 labels, one for each picture of")
        .hasMessageEndingWith("found 14");
    Files.createDirectories(folder.resolve("empty/0"));
    String empty = folder.resolve("empty").toString();
    assertThatThrownBy(() -> new PictureSource(empty, "", empty, "", 8, Ink.DARK).read())
        .hasMessage(empty + ": expected a folder of pictures for each class, found no picture");
    String images = folder.resolve("train-images").toString();
    assertThatThrownBy(() -> new PictureSource(images, "", images, "", 8, Ink.DARK).read())
        .hasMessage("pictures.train-labels: expected the idx file of the labels, found none");
    assertThatThrownBy(() -> new PictureSource("gone", "", "", "", 8, Ink.DARK).read())
        .hasMessage("cannot read gone: no such file or folder");
    assertThatThrownBy(() -> PictureSource.defaults().read())
        .hasMessage("pictures.train: expected an idx file or a folder, found none");
  }

  @Test
  void soundsAreNormalisedAndPadded() {
    LabelledSamples all = sounds(0.15, SoundAugmentation.defaults()).read();

    assertThat(all.samples().size()).isEqualTo(21);
    assertThat(all.samples().shape()).containsExactly(1, 40, 13);
    assertThat(all.pairs().get(20)).isEqualTo("5");
    float[] sound = all.samples().get(2);
    double sum = 0;
    double squares = 0;
    for (int band = 0; band < 40; band++) {
      for (int t = 0; t < 8; t++) {
        sum += sound[band * 13 + t];
        squares += Math.pow(sound[band * 13 + t], 2);
      }
      for (int t = 8; t < 13; t++) {
        assertThat(sound[band * 13 + t]).isZero();
      }
    }
    assertThat(sum / 320).isCloseTo(0, within(1e-6));
    assertThat(squares / 320).isCloseTo(1, within(1e-5));
    assertThat(sounds(0.15, SoundAugmentation.defaults()).input(folder.resolve("train-2.wav")))
        .isEqualTo(sound);
  }

  @Test
  void noiseIsMixedIntoTheTestAloneAndAlwaysTheSame() {
    LabelledSamples clean = sounds().read();
    SoundAugmentation augmentation = SoundAugmentation.defaults();
    SoundSource source = sounds(0.1, SoundSource.Noise.WHITE, 0, augmentation);
    LabelledSamples noisy = source.read();
    LabelledSamples again = source.read();

    for (int i = 0; i < clean.samples().size(); i++) {
      float[] sound = noisy.samples().get(i);
      assertThat(again.samples().get(i)).isEqualTo(sound);
      if (clean.parts().get(i) == Part.TEST) {
        assertThat(sound).isNotEqualTo(clean.samples().get(i));
      } else {
        assertThat(sound).isEqualTo(clean.samples().get(i));
      }
    }
    assertThatThrownBy(() -> sounds(0.1, SoundSource.Noise.WHITE, Double.NaN, augmentation))
        .hasMessage("test-snr: expected a number from -100 to 100, found NaN");
  }

  @Test
  void noiseHasTheRatioThatIsAskedFor() {
    float[] sound = new float[400];
    for (int i = 0; i < sound.length; i++) {
      sound[i] = (float) Math.sin(0.1 * i);
    }
    for (double snr : new double[] {20, 0, -10}) {
      float[] mixed = sound.clone();
      WhiteNoise.mixInto(mixed, snr, Seeds.random(1, "test", 0));
      double ofSound = 0;
      double ofNoise = 0;
      for (int i = 0; i < sound.length; i++) {
        ofSound += sound[i] * sound[i];
        ofNoise += Math.pow(mixed[i] - sound[i], 2);
      }
      assertThat(10 * Math.log10(ofSound / ofNoise)).isCloseTo(snr, within(1e-3));
    }
    float[] silence = new float[400];
    WhiteNoise.mixInto(silence, 10, Seeds.random(1, "test", 0));
    assertThat(silence).containsOnly(0f);
  }

  @Test
  void rowsOutsideTheSplitNeedNothingElse() throws IOException {
    Path manifest = folder.resolve("manifest.csv");
    List<String> lines = new ArrayList<>(Files.readAllLines(manifest));
    int before = sounds().read().samples().size();
    lines.add(1, ",,left-out,,");
    Files.write(manifest, lines);

    LabelledSamples all = sounds().read();
    assertThat(all.samples().size()).isEqualTo(before);
    assertThat(all.qualityOrNull()).hasSize(before);

    String second = lines.get(3);
    assertThat(lines.set(3, second.substring(0, second.lastIndexOf(',') + 1))).contains("train");
    Files.write(manifest, lines);
    assertThatThrownBy(() -> sounds().read())
        .as("rows keep their numbers")
        .hasMessage(manifest + ", row 3: expected a value in column 'snr', found none");
  }

  @Test
  void variedSoundsAreTheSameForTheSameSeedAndStayWithoutRanges() {
    Samples varied = sounds(0.1, new SoundAugmentation(2, 3, 5)).read().samples();
    Samples still = sounds(0.1, new SoundAugmentation(0, 0, 0)).read().samples();
    float[] plain = still.get(0);
    float[] one = new float[plain.length];
    float[] same = new float[plain.length];
    float[] unchanged = new float[plain.length];
    PictureAugmentation pictures = PictureAugmentation.defaults();

    varied.writeVaried(0, pictures, new SplittableRandom(3), one, 0);
    varied.writeVaried(0, pictures, new SplittableRandom(3), same, 0);
    still.writeVaried(0, pictures, new SplittableRandom(3), unchanged, 0);

    assertThat(one).isEqualTo(same).isNotEqualTo(plain);
    assertThat(unchanged).isEqualTo(plain);
  }

  @Test
  void soundsThatAreNotAsTheyMustBe() throws IOException {
    Files.write(folder.resolve("train-3.wav"), TinyDigits.wav(8000, new float[800]));
    assertThatThrownBy(() -> sounds().read())
        .isInstanceOf(DataException.class)
        .hasMessage(folder.resolve("train-3.wav") + ": expected 16000 Hz, found 8000 Hz");
    Files.write(folder.resolve("train-3.wav"), TinyDigits.wav(16000, new float[399]));
    assertThatThrownBy(() -> sounds().read())
        .hasMessageEndingWith("expected at least 400 samples, one window, found 399");
    Files.delete(folder.resolve("train-3.wav"));
    assertThatThrownBy(() -> sounds().read())
        .hasMessage(
            "%s, row 4: expected the file %s, found none"
                .formatted(folder.resolve("manifest.csv"), folder.resolve("train-3.wav")));
    Files.writeString(
        folder.resolve("manifest.csv"), "file,label,split,picture,snr\na,0,none,0,1\n");
    assertThatThrownBy(() -> sounds().read())
        .hasMessageEndingWith("expected 'train' or 'test' in column 'split', found neither");
    Files.writeString(
        folder.resolve("manifest.csv"), "file,label,split,picture,snr\na,0,train,0,-inf\n");
    assertThatThrownBy(() -> sounds().read())
        .hasMessageEndingWith(", row 1: expected a finite number in column 'snr', found '-inf'");
    assertThatThrownBy(() -> SoundSource.defaults().read())
        .hasMessage("sounds.folder: expected a folder, found none");
  }
}
