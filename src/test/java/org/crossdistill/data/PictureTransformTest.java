package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PictureTransformTest {

  private static Picture noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new SplittableRandom(width * 1000L + height).nextBytes(rgb);
    return Picture.of(width, height, rgb);
  }

  private static Picture filled(int width, int height, int value) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) value);
    return Picture.of(width, height, rgb);
  }

  @Test
  void halvingASideAveragesFourPixels() {
    Picture picture = noise(64, 64);
    float[] ink = PictureTransform.DEFAULT.ink(picture);
    assertThat(ink).hasSize(3 * 32 * 32);
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < 32; y++) {
        for (int x = 0; x < 32; x++) {
          double sum =
              picture.value(2 * x, 2 * y, channel)
                  + picture.value(2 * x + 1, 2 * y, channel)
                  + picture.value(2 * x, 2 * y + 1, channel)
                  + picture.value(2 * x + 1, 2 * y + 1, channel);
          assertThat((double) ink[(channel * 32 + y) * 32 + x])
              .isCloseTo(1 - sum / 4 / 255, within(1e-7));
        }
      }
    }
  }

  @Test
  void anySizeKeepsTheMeanInk() {
    for (int side : new int[] {1, 5, 31, 32, 33, 100, 257}) {
      Picture picture = noise(side, side);
      double expected = 0;
      for (byte value : picture.rgb()) {
        expected += (1 - (value & 0xff) / 255.0) / (3.0 * side * side);
      }
      double mean = 0;
      for (float value : PictureTransform.DEFAULT.ink(picture)) {
        mean += value / (3.0 * 32 * 32);
      }
      assertThat(mean).as("%d pixels", side).isCloseTo(expected, within(1e-6));
    }
  }

  @Test
  void threePixelsBecomeTwoByAreas() {
    byte[] rgb = new byte[27];
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 3; x++) {
        // Ink 1, 0.4, 0 from left to right in all channels.
        Arrays.fill(rgb, (y * 3 + x) * 3, (y * 3 + x) * 3 + 3, (byte) new int[] {0, 153, 255}[x]);
      }
    }
    float[] ink = new PictureTransform(2, 0, 1).ink(Picture.of(3, 3, rgb));
    // (1 + 0.5 · 0.4) / 1.5 and (0.5 · 0.4 + 0) / 1.5
    assertThat(ink[0]).isCloseTo(0.8f, within(1e-6f));
    assertThat(ink[1]).isCloseTo(0.2f / 1.5f, within(1e-6f));
    assertThat(ink[2]).isEqualTo(ink[0]);
  }

  @Test
  void aWidePictureStandsInTheMiddleOfWhite() {
    float[] ink = new PictureTransform(4, 0, 1).ink(filled(8, 4, 0));
    for (int channel = 0; channel < 3; channel++) {
      int plane = channel * 16;
      assertThat(Arrays.copyOfRange(ink, plane, plane + 16))
          .containsExactly(0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
    }
    // A bar of one pixel in three: a third of each column's height is 4/3 pixels.
    float[] thin = new PictureTransform(4, 0, 1).ink(filled(1, 3, 0));
    assertThat(thin[0]).isZero();
    assertThat(thin[1]).isCloseTo(2 / 3f, within(1e-6f));
    assertThat(thin[2]).isCloseTo(2 / 3f, within(1e-6f));
  }

  @Test
  void whiteIsNoInkAndIsNormalised() {
    float[] ink = PictureTransform.DEFAULT.ink(filled(64, 64, 255));
    assertThat(ink).containsOnly(0);
    PictureTransform.DEFAULT.normalise(ink);
    assertThat(ink).containsOnly(-0.25f / 0.35f);
  }

  @Test
  void badOptionsAreRefused() {
    assertThatThrownBy(() -> new PictureTransform(0, 0, 1)).isInstanceOf(DataException.class);
    assertThatThrownBy(() -> new PictureTransform(32, 0, 0))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "picture transform: expected size ≥ 1, a finite mean and std > 0, found 32, 0.0 and"
                + " 0.0");
  }

  @Test
  void pixelOutsideThePictureIsRefusedWhereItWouldBeAnother() {
    Picture picture = noise(4, 3);
    assertThat(picture.value(3, 2, 2)).isEqualTo(picture.rgb()[35] & 0xff);
    for (int[] at : new int[][] {{4, 0, 0}, {0, 3, 0}, {0, 0, 3}, {-1, 1, 0}}) {
      assertThatThrownBy(() -> picture.value(at[0], at[1], at[2]))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
