package org.crossdistill.kernel;

import org.crossdistill.kernel.binding.Crossdistill;

/** Element types that the kernels compute in. */
public enum DType implements Labelled {
  F64("f64", Crossdistill.CD_F64, Double.BYTES),
  F32("f32", Crossdistill.CD_F32, Float.BYTES),
  BF16("bf16", Crossdistill.CD_BF16, Short.BYTES),
  F16("f16", Crossdistill.CD_F16, Short.BYTES);

  private final String label;
  private final int code;
  private final int bytes;

  DType(String label, int code, int bytes) {
    this.label = label;
    this.code = code;
    this.bytes = bytes;
  }

  /** "f64", "f32", "bf16" or "f16". */
  @Override
  public String label() {
    return label;
  }

  int code() {
    return code;
  }

  /** Bytes an element. */
  public int bytes() {
    return bytes;
  }

  /** Type of weights, losses, rows, statistics and weight gradients: f64 for f64, otherwise f32. */
  public DType accumulation() {
    return this == F64 ? F64 : F32;
  }
}
