package org.crossdistill.kernel;

import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Loops that do what this machine can do at best, to be timed beside a kernel. Each method is one
 * call of the C function of the same name, as in {@link Kernels}.
 */
public final class Roofline {

  private Roofline() {}

  /**
   * Calls {@code cd_roofline_stream}: reads a and b, writes c and d.
   *
   * @param bytes of each array, a multiple of 64
   * @param c on a multiple of 64
   * @param d on a multiple of 64
   */
  public static void stream(long bytes, Pointer a, Pointer b, Pointer c, Pointer d, int threads) {
    NativeLibrary.require();
    Status.check(Crossdistill.cd_roofline_stream(bytes, a, b, c, d, threads));
  }

  /**
   * Calls {@code cd_roofline_multiply_adds}.
   *
   * @param rounds of independent multiply-adds on each thread
   * @return the operations done
   */
  public static double multiplyAdds(DType dtype, long rounds, int threads) {
    NativeLibrary.require();
    double[] operations = new double[1];
    Status.check(Crossdistill.cd_roofline_multiply_adds(dtype.code(), rounds, threads, operations));
    return operations[0];
  }
}
