package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {

  @Test
  void everyBf16IsReadAndWrittenBackUnchanged() {
    for (int bits = Short.MIN_VALUE; bits <= Short.MAX_VALUE; bits++) {
      float value = HalfFloats.fromBf16((short) bits);
      if (Float.isNaN(value)) {
        assertThat(HalfFloats.toBf16(value)).isEqualTo((short) 0x7fc0);
      } else {
        assertThat(HalfFloats.toBf16(value)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void everyF16IsReadAndWrittenBackUnchanged() {
    for (int bits = Short.MIN_VALUE; bits <= Short.MAX_VALUE; bits++) {
      float value = HalfFloats.fromF16((short) bits);
      if (Float.isNaN(value)) {
        assertThat(HalfFloats.toF16(value)).isEqualTo((short) 0x7e00);
      } else {
        assertThat(HalfFloats.toF16(value)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void knownF16Values() {
    assertThat(HalfFloats.fromF16((short) 0x3c00)).isEqualTo(1f);
    assertThat(HalfFloats.fromF16((short) 0xc500)).isEqualTo(-5f);
    assertThat(HalfFloats.fromF16((short) 0x7bff)).isEqualTo(65504f);
    assertThat(HalfFloats.fromF16((short) 0x0001)).isEqualTo(0x1p-24f);
    assertThat(HalfFloats.fromF16((short) 0x03ff)).isEqualTo(0x1.ff8p-15f);
    assertThat(HalfFloats.fromF16((short) 0x8000)).isEqualTo(-0f);
  }

  @Test
  void beyondTheRangeIsInfiniteFromTheMiddleOn() {
    assertThat(HalfFloats.toF16(65519.99)).isEqualTo((short) 0x7bff);
    assertThat(HalfFloats.toF16(65520)).isEqualTo((short) 0x7c00);
    assertThat(HalfFloats.toF16(-1e300)).isEqualTo((short) 0xfc00);
    assertThat(HalfFloats.toBf16(0x1.fep127)).isEqualTo((short) 0x7f7f);
    assertThat(HalfFloats.toBf16(0x1.ffp127)).isEqualTo((short) 0x7f80);
    assertThat(HalfFloats.toBf16(Double.NEGATIVE_INFINITY)).isEqualTo((short) 0xff80);
  }

  @Test
  void tiesGoToTheEvenNeighbour() {
    assertThat(HalfFloats.toF16(1 + 0x1p-11)).isEqualTo((short) 0x3c00);
    assertThat(HalfFloats.toF16(1 + 0x3p-11)).isEqualTo((short) 0x3c02);
    assertThat(HalfFloats.toBf16(1 + 0x1p-8)).isEqualTo((short) 0x3f80);
    assertThat(HalfFloats.toBf16(1 + 0x3p-8)).isEqualTo((short) 0x3f82);
    assertThat(HalfFloats.toF16(0x1p-25)).isEqualTo((short) 0);
    assertThat(HalfFloats.toF16(-0x1.8p-24)).isEqualTo((short) 0x8002);
  }

  @Test
  void aDoubleIsRoundedOnceAndNotThroughFloat() {
    // As a float this is the tie 1 + 2⁻⁸, which would round down to 1.
    assertThat(HalfFloats.toBf16(1 + 0x1p-8 + 0x1p-40)).isEqualTo((short) 0x3f81);
    assertThat(HalfFloats.toF16(1 + 0x1p-11 + 0x1p-40)).isEqualTo((short) 0x3c01);
  }

  @Test
  void noOtherNumberIsNearer() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 20_000; i++) {
      double value = random.nextDouble(-2, 2) * Math.scalb(1.0, random.nextInt(-28, 15));
      short f16 = HalfFloats.toF16(value);
      assertNearest(value, f16, bits -> HalfFloats.fromF16((short) bits));
      short bf16 = HalfFloats.toBf16(value);
      assertNearest(value, bf16, bits -> HalfFloats.fromBf16((short) bits));
    }
  }

  private static void assertNearest(double value, short bits, DoubleUnaryOperator decode) {
    double error = Math.abs(decode.applyAsDouble(bits) - value);
    int magnitude = bits & 0x7fff;
    assertThat(error).isLessThanOrEqualTo(Math.abs(decode.applyAsDouble(bits + 1) - value));
    if (magnitude > 0) {
      assertThat(error).isLessThanOrEqualTo(Math.abs(decode.applyAsDouble(bits - 1) - value));
    }
  }
}
