package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class PictureAugmenterTest {

  private static final int SIZE = 32;
  private static final int PLANE = SIZE * SIZE;

  private static float[] noise() {
    float[] ink = new float[3 * PLANE];
    SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < ink.length; i++) {
      ink[i] = (float) random.nextDouble();
    }
    return ink;
  }

  /** Gives one number after the other: shift x, shift y, zoom, rotation, mirror, gain. */
  private static RandomGenerator numbers(double... values) {
    return new RandomGenerator() {
      private int next;

      @Override
      public double nextDouble() {
        return values[next++];
      }

      @Override
      public long nextLong() {
        throw new UnsupportedOperationException();
      }
    };
  }

  private static float[] augment(PictureAugmentation options, float[] ink, double... values) {
    float[] out = new float[ink.length];
    Arrays.fill(out, Float.NaN);
    new PictureAugmenter(SIZE, options).augment(ink, 0, numbers(values), out, 0);
    return out;
  }

  @Test
  void noVariationIsThePictureItself() {
    float[] ink = noise();
    float[] out = augment(PictureAugmentation.NONE, ink, 0.1, 0.9, 0.3, 0.7, 0.2, 0.6);
    assertThat(out).isEqualTo(ink);
  }

  @Test
  void mirrorsLeftAndRight() {
    float[] ink = noise();
    PictureAugmentation flip = new PictureAugmentation(0, 0, 0, true, 0);
    assertThat(augment(flip, ink, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)).isEqualTo(ink);
    float[] out = augment(flip, ink, 0.5, 0.5, 0.5, 0.5, 0.49, 0.5);
    for (int i = 0; i < out.length; i++) {
      assertThat(out[i]).isEqualTo(ink[i / SIZE * SIZE + SIZE - 1 - i % SIZE]);
    }
  }

  @Test
  void shiftsByHalvesOfTheSideAndFillsWithWhite() {
    float[] ink = noise();
    // 1/8 of half of 32 pixels are 2 pixels; number 1 means + the range, 0 means −.
    PictureAugmentation shift = new PictureAugmentation(0.125, 0, 0, false, 0);
    float[] out = augment(shift, ink, 1, 0, 0.5, 0.5, 0.5, 0.5);
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < SIZE; y++) {
        for (int x = 0; x < SIZE; x++) {
          boolean inside = x + 2 < SIZE && y - 2 >= 0;
          float expected = inside ? ink[channel * PLANE + (y - 2) * SIZE + x + 2] : 0;
          assertThat(out[channel * PLANE + y * SIZE + x]).isEqualTo(expected);
        }
      }
    }
  }

  @Test
  void halfAPixelIsTheMeanOfTwo() {
    float[] ink = noise();
    PictureAugmentation shift = new PictureAugmentation(0.5 / 16, 0, 0, false, 0);
    float[] out = augment(shift, ink, 1, 0.5, 0.5, 0.5, 0.5, 0.5);
    assertThat(out[40]).isCloseTo((ink[40] + ink[41]) / 2, within(1e-6f));
    assertThat(out[31]).as("half white").isCloseTo(ink[31] / 2, within(1e-6f));
  }

  @Test
  void aQuarterTurnMovesPixelsExactly() {
    float[] ink = noise();
    PictureAugmentation turn = new PictureAugmentation(0, 0, Math.PI / 2, false, 0);
    float[] out = augment(turn, ink, 0.5, 0.5, 0.5, 1, 0.5, 0.5);
    for (int y = 0; y < SIZE; y++) {
      for (int x = 0; x < SIZE; x++) {
        assertThat(out[y * SIZE + x]).isCloseTo(ink[x * SIZE + SIZE - 1 - y], within(1e-4f));
      }
    }
  }

  @Test
  void zoomingInByTwoEnlargesTheMiddle() {
    float[] ink = new float[3 * PLANE];
    for (int i = 0; i < ink.length; i++) {
      ink[i] = i % SIZE; // a ramp, which bilinear interpolation keeps
    }
    PictureAugmentation zoom = new PictureAugmentation(0, Math.log(2), 0, false, 0);
    float[] in = augment(zoom, ink, 0.5, 0.5, 1, 0.5, 0.5, 0.5);
    float[] out = augment(zoom, ink, 0.5, 0.5, 0, 0.5, 0.5, 0.5);
    for (int x = 0; x < SIZE; x++) {
      assertThat(in[16 * SIZE + x]).isCloseTo(15.5f + (x - 15.5f) / 2, within(1e-4f));
      if (x >= 8 && x < 24) {
        assertThat(out[16 * SIZE + x]).isCloseTo(15.5f + (x - 15.5f) * 2, within(1e-4f));
      } else if (x < 7 || x > 24) {
        assertThat(out[16 * SIZE + x]).isZero();
      }
    }
  }

  @Test
  void gainScalesTheInk() {
    float[] ink = noise();
    PictureAugmentation gain = new PictureAugmentation(0, 0, 0, false, 0.2);
    float[] out = augment(gain, ink, 0.5, 0.5, 0.5, 0.5, 0.5, 0);
    for (int i = 0; i < out.length; i++) {
      assertThat(out[i]).isCloseTo(0.8f * ink[i], within(1e-6f));
    }
  }

  @Test
  void theSameRandomNumbersGiveTheSameBits() {
    float[] ink = noise();
    PictureAugmenter augmenter = new PictureAugmenter(SIZE, PictureAugmentation.defaults());
    float[] one = new float[ink.length];
    float[] again = new float[ink.length];
    float[] other = new float[ink.length];
    augmenter.augment(ink, 0, new SplittableRandom(7), one, 0);
    augmenter.augment(ink, 0, new SplittableRandom(7), again, 0);
    augmenter.augment(ink, 0, new SplittableRandom(8), other, 0);
    assertThat(one).isEqualTo(again).isNotEqualTo(other);
  }

  @Test
  void variedInkStaysInItsRange() {
    float[] ink = noise();
    float[] out = new float[ink.length];
    PictureAugmenter augmenter = new PictureAugmenter(SIZE, PictureAugmentation.defaults());
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 200; i++) {
      augmenter.augment(ink, 0, random, out, 0);
      for (float value : out) {
        assertThat(value >= 0 && value <= 1.2f).isTrue();
      }
    }
  }

  @Test
  void badRangesAreRefused() {
    assertThatThrownBy(() -> new PictureAugmentation(-0.1, 0, 0, false, 0))
        .isInstanceOf(DataException.class)
        .hasMessage("augmentation: expected shift ≥ 0, found -0.1");
    assertThatThrownBy(() -> new PictureAugmentation(0, 0, 0, false, 1))
        .hasMessage("augmentation: expected gain ≥ 0 and below 1, found 1.0");
    assertThatThrownBy(() -> new PictureAugmentation(0, Double.NaN, 0, false, 0))
        .isInstanceOf(DataException.class);
  }
}
