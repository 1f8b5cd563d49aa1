package org.crossdistill.kernel;

import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Instruction sets that the CPU kernels are compiled for. One is chosen when the library is first
 * used: the one named by the environment variable {@value #ENVIRONMENT}, or else the fastest that
 * the CPU has.
 */
public enum Isa implements Labelled {
  PORTABLE("portable", Crossdistill.CD_ISA_PORTABLE),
  AVX2("avx2", Crossdistill.CD_ISA_AVX2),
  AVX512("avx512", Crossdistill.CD_ISA_AVX512),
  AVX512BF16("avx512bf16", Crossdistill.CD_ISA_AVX512BF16),
  /** The same, and products of matrices of bf16 in tile registers. */
  AMX("amx", Crossdistill.CD_ISA_AMX);

  /** Environment variable that pins the instruction set. */
  public static final String ENVIRONMENT = "CROSSDISTILL_ISA";

  private final String label;
  private final int code;

  Isa(String label, int code) {
    this.label = label;
    this.code = code;
  }

  /** "portable", "avx2", "avx512", "avx512bf16" or "amx". */
  @Override
  public String label() {
    return label;
  }

  /**
   * The instruction set in use.
   *
   * @throws KernelException if the library is missing, or the pinned set is unknown or not
   *     supported
   */
  public static Isa active() {
    NativeLibrary.require();
    int[] code = new int[1];
    Status.check(Crossdistill.cd_active_isa(code));
    for (Isa isa : values()) {
      if (isa.code == code[0]) {
        return isa;
      }
    }
    throw new KernelException("the native library runs on the unknown instruction set " + code[0]);
  }

  private int code() {
    return code;
  }

  /** Whether this CPU and this build of the library have the set; false without the library. */
  public boolean isSupported() {
    return NativeLibrary.isLoaded() && Crossdistill.cd_isa_supported(code()) != 0;
  }

  /** Whether the environment pins the set. */
  public static boolean isPinned() {
    String pinned = System.getenv(ENVIRONMENT);
    return pinned != null && !pinned.isEmpty();
  }
}
