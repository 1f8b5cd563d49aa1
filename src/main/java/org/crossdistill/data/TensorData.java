package org.crossdistill.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;

/**
 * The values of one tensor in memory: dtype, shape and little-endian bytes in C order, with no tie
 * to any tensor library.
 *
 * <p>Immutable as long as nobody changes the bytes that {@link #of} was given.
 */
public final class TensorData {

  private final DType dtype;
  private final long[] shape;
  private final ByteBuffer bytes;

  private TensorData(DType dtype, long[] shape, ByteBuffer bytes) {
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
  }

  /**
   * Wraps bytes without copying them.
   *
   * @param dtype of the elements
   * @param shape sizes, none negative; empty for a scalar
   * @param bytes between position and limit as many as dtype and shape say; its byte order is
   *     ignored, the content is little-endian
   * @return a view of the bytes
   * @throws DataException when the number of bytes is another
   */
  public static TensorData of(DType dtype, long[] shape, ByteBuffer bytes) {
    long expected = byteCount(dtype, shape);
    if (bytes.remaining() != expected) {
      throw new DataException(
          String.format(
              Locale.ROOT,
              "%s%s takes %d bytes, found %d",
              dtype,
              Arrays.toString(shape),
              expected,
              bytes.remaining()));
    }
    return new TensorData(dtype, shape.clone(), bytes.slice());
  }

  /**
   * Copies floats.
   *
   * @param values in C order
   * @param shape sizes; their product is the number of values
   * @return an F32 tensor
   */
  public static TensorData ofFloats(float[] values, long... shape) {
    ByteBuffer bytes = allocate(DType.F32, shape, values.length);
    bytes.asFloatBuffer().put(values);
    return of(DType.F32, shape, bytes);
  }

  /**
   * Rounds doubles to a floating dtype.
   *
   * @param dtype a floating one; values are rounded to it, ties to even
   * @param values in C order
   * @param shape sizes; their product is the number of values
   * @return a tensor of that dtype
   */
  public static TensorData ofDoubles(DType dtype, double[] values, long... shape) {
    ByteBuffer bytes = allocate(dtype, shape, values.length);
    for (double value : values) {
      switch (dtype) {
        case F64 -> bytes.putDouble(value);
        case F32 -> bytes.putFloat((float) value);
        case F16 -> bytes.putShort(HalfFloats.toF16(value));
        case BF16 -> bytes.putShort(HalfFloats.toBf16(value));
        default -> throw new DataException("expected a floating dtype, found " + dtype);
      }
    }
    return of(dtype, shape, bytes.flip());
  }

  /**
   * Copies integers or truth values.
   *
   * @param dtype an integer one or BOOL; each value must fit
   * @param values in C order
   * @param shape sizes; their product is the number of values
   * @return a tensor of that dtype
   */
  public static TensorData ofLongs(DType dtype, long[] values, long... shape) {
    ByteBuffer bytes = allocate(dtype, shape, values.length);
    for (long value : values) {
      switch (dtype) {
        case I64 -> bytes.putLong(value);
        case I32 -> bytes.putInt((int) inRange(value, Integer.MIN_VALUE, Integer.MAX_VALUE, dtype));
        case U8 -> bytes.put((byte) inRange(value, 0, 255, dtype));
        case BOOL -> bytes.put((byte) inRange(value, 0, 1, dtype));
        default -> throw new DataException("expected an integer dtype or BOOL, found " + dtype);
      }
    }
    return of(dtype, shape, bytes.flip());
  }

  private static ByteBuffer allocate(DType dtype, long[] shape, int values) {
    long expected = elementCount(shape);
    if (expected != values) {
      throw new DataException(
          "shape " + Arrays.toString(shape) + " takes " + expected + " values, found " + values);
    }
    long size = byteCount(dtype, shape);
    if (size > Integer.MAX_VALUE) {
      throw new DataException("a tensor of " + size + " bytes exceeds the 2 GiB of one buffer");
    }
    return ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long inRange(long value, long min, long max, DType dtype) {
    if (value < min || value > max) {
      throw new DataException("value " + value + " does not fit " + dtype);
    }
    return value;
  }

  /** Number of elements of a shape; fails for negative sizes and beyond 2⁶³. */
  static long elementCount(long[] shape) {
    long count = 1;
    for (long size : shape) {
      if (size < 0) {
        throw new DataException("shape " + Arrays.toString(shape) + " has a negative size");
      }
      try {
        count = Math.multiplyExact(count, size);
      } catch (ArithmeticException e) {
        throw new DataException("shape " + Arrays.toString(shape) + " is too large", e);
      }
    }
    return count;
  }

  static long byteCount(DType dtype, long[] shape) {
    long elements = elementCount(shape);
    if (elements > Long.MAX_VALUE / dtype.bytes()) {
      throw new DataException("shape " + Arrays.toString(shape) + " is too large");
    }
    return elements * dtype.bytes();
  }

  /** {@return of the elements} */
  public DType dtype() {
    return dtype;
  }

  /** {@return a copy; empty for a scalar} */
  public long[] shape() {
    return shape.clone();
  }

  /** {@return number of elements} */
  public int size() {
    return bytes.capacity() / dtype.bytes();
  }

  /** {@return a fresh read-only, little-endian view of all bytes, in C order} */
  public ByteBuffer bytes() {
    return bytes.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** {@return all values, converted exactly, but I64 beyond 2⁵³ to the nearest; BOOL as 0 and 1} */
  public double[] toDoubles() {
    ByteBuffer source = bytes();
    double[] values = new double[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (dtype) {
            case F64 -> source.getDouble();
            case F32 -> source.getFloat();
            case F16 -> HalfFloats.fromF16(source.getShort());
            case BF16 -> HalfFloats.fromBf16(source.getShort());
            default -> nextLong(source);
          };
    }
    return values;
  }

  /** {@return as {@link #toDoubles()}, rounded to the nearest float} */
  public float[] toFloats() {
    float[] values = new float[size()];
    if (dtype == DType.F32) {
      bytes().asFloatBuffer().get(values);
      return values;
    }
    double[] exact = toDoubles();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) exact[i];
    }
    return values;
  }

  /**
   * Converts all values to long.
   *
   * @return all values; BOOL as 0 and 1
   * @throws DataException for a floating dtype
   */
  public long[] toLongs() {
    if (dtype.isFloating()) {
      throw new DataException("expected an integer dtype or BOOL, found " + dtype);
    }
    ByteBuffer source = bytes();
    long[] values = new long[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = nextLong(source);
    }
    return values;
  }

  private long nextLong(ByteBuffer source) {
    return switch (dtype) {
      case I64 -> source.getLong();
      case I32 -> source.getInt();
      case U8 -> source.get() & 0xff;
      case BOOL -> source.get() == 0 ? 0 : 1;
      default -> throw new AssertionError(dtype);
    };
  }

  @Override
  public String toString() {
    return dtype + Arrays.toString(shape);
  }
}
