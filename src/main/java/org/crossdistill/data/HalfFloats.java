package org.crossdistill.data;

/**
 * Conversions of the two 16-bit floating-point formats, rounding to the nearest value and ties to
 * the even one. A {@code double} is rounded once, not through {@code float}, whose double rounding
 * misses by one unit in the last place now and then.
 *
 * <p>NaN becomes the quiet NaN of the format; values beyond its range become infinite.
 */
public final class HalfFloats {

  private static final Format BINARY16 = new Format(11, -14, 15);
  private static final Format BFLOAT16 = new Format(8, -126, 127);

  private static final int F16_INFINITY = 0x7c00;
  private static final short F16_NAN = 0x7e00;
  private static final short BF16_NAN = 0x7fc0;
  private static final double F16_SMALLEST = 0x1p-24;

  private HalfFloats() {}

  /**
   * Where a format stops.
   *
   * @param precision bits of the significand, with the leading one
   * @param minExponent of the smallest normal number
   * @param maxExponent of the largest finite number
   */
  private record Format(int precision, int minExponent, int maxExponent) {

    double round(double value) {
      if (Double.isNaN(value) || Double.isInfinite(value)) {
        return value;
      }
      int exponent = Math.max(Math.getExponent(value), minExponent);
      // Scaling by a power of two is exact, and rint rounds ties to even.
      int unit = exponent - (precision - 1);
      double rounded = Math.scalb(Math.rint(Math.scalb(value, -unit)), unit);
      return Math.getExponent(rounded) > maxExponent
          ? Math.copySign(Double.POSITIVE_INFINITY, value)
          : rounded;
    }
  }

  /**
   * Rounds to bfloat16.
   *
   * @param value any
   * @return the bits of the nearest bfloat16
   */
  public static short toBf16(double value) {
    if (Double.isNaN(value)) {
      return BF16_NAN;
    }
    return (short) (Float.floatToRawIntBits((float) BFLOAT16.round(value)) >>> 16);
  }

  /**
   * Widens a bfloat16, exactly.
   *
   * @param bits of a bfloat16
   * @return the same number
   */
  public static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /**
   * Rounds to binary16.
   *
   * @param value any
   * @return the bits of the nearest binary16
   */
  public static short toF16(double value) {
    if (Double.isNaN(value)) {
      return F16_NAN;
    }
    double magnitude = Math.abs(BINARY16.round(value));
    int sign = Math.copySign(1, value) < 0 ? 0x8000 : 0;
    return (short) (sign | f16Magnitude(magnitude));
  }

  private static int f16Magnitude(double magnitude) {
    if (Double.isInfinite(magnitude)) {
      return F16_INFINITY;
    }
    int exponent = Math.getExponent(magnitude);
    if (exponent < BINARY16.minExponent()) {
      return (int) (magnitude / F16_SMALLEST);
    }
    int fraction = (int) Math.scalb(magnitude, 10 - exponent) & 0x3ff;
    return (exponent + 15) << 10 | fraction;
  }

  /**
   * Widens a binary16, exactly.
   *
   * @param bits of a binary16
   * @return the same number
   */
  public static float fromF16(short bits) {
    int exponent = bits >>> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    float magnitude;
    if (exponent == 0) {
      magnitude = fraction * (float) F16_SMALLEST;
    } else if (exponent == 0x1f) {
      magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
    } else {
      magnitude = Math.scalb((float) (fraction | 0x400), exponent - 25);
    }
    return bits < 0 ? -magnitude : magnitude;
  }
}
