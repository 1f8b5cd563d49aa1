package org.crossdistill.kernel;

/** What computes a loss; the better ones first. */
public enum Backend implements Labelled {
  /** The native kernels for NVIDIA GPUs, on tensors that live there. */
  CUDA("cuda"),
  /** The native kernels for CPUs. */
  CPU("cpu"),
  /** A composition of LibTorch operations and its autograd: slow, and needs no native library. */
  REFERENCE("reference");

  private final String label;

  Backend(String label) {
    this.label = label;
  }

  /** "cuda", "cpu" or "reference". */
  @Override
  public String label() {
    return label;
  }
}
