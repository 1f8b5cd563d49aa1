package org.crossdistill.data;

/** The element types that are read and written, under their names in the safetensors format. */
public enum DType {
  /** IEEE 754 binary64. */
  F64(8, true),
  /** IEEE 754 binary32. */
  F32(4, true),
  /** IEEE 754 binary16. */
  F16(2, true),
  /** The upper half of a binary32. */
  BF16(2, true),
  /** Signed, two's complement. */
  I64(8, false),
  /** Signed, two's complement. */
  I32(4, false),
  /** Unsigned. */
  U8(1, false),
  /** One byte, 0 or 1. */
  BOOL(1, false);

  private final int bytes;
  private final boolean floating;

  DType(int bytes, boolean floating) {
    this.bytes = bytes;
    this.floating = floating;
  }

  /** {@return bytes of one element} */
  public int bytes() {
    return bytes;
  }

  /** {@return whether it holds fractions, NaN and infinities} */
  public boolean isFloating() {
    return floating;
  }
}
