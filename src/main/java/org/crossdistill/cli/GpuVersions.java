package org.crossdistill.cli;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.CUDAHooksInterface;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.NativeLibrary;

/**
 * What has to fit together before a tensor can lie on a GPU. Versions of CUDA are 1000 times the
 * major plus 10 times the minor one, of cuDNN as that counts them; 0 stands for "is not there".
 *
 * @param driver the newest CUDA that the driver bears
 * @param kernels CUDA that our kernels were built with
 * @param libTorch CUDA of LibTorch
 * @param cudnnWanted cuDNN that LibTorch was built with
 * @param cudnnFound cuDNN that was loaded
 */
record GpuVersions(int driver, int kernels, int libTorch, long cudnnWanted, long cudnnFound) {

  /** Of this process. */
  static GpuVersions read() {
    NativeLibrary.CudaVersions cuda = NativeLibrary.cudaVersions();
    CUDAHooksInterface hooks = torch.getCUDAHooks();
    if (!hooks.hasCUDA()) {
      return new GpuVersions(cuda.driver(), cuda.builtWith(), 0, 0, 0);
    }
    boolean cudnn = hooks.hasCuDNN();
    return new GpuVersions(
        cuda.driver(),
        cuda.builtWith(),
        (int) hooks.versionCUDART(),
        cudnn ? hooks.versionCuDNN() : 0,
        cudnn ? hooks.versionRuntimeCuDNN() : 0);
  }

  /** One line: what does not fit or, where all does, the versions. */
  String describe() {
    List<String> problems = problems();
    return problems.isEmpty()
        ? "driver for CUDA %s, kernels %s, LibTorch %s, cuDNN %s: fit"
            .formatted(cuda(driver), cuda(kernels), cuda(libTorch), cudnn(cudnnFound))
        : String.join("; ", problems);
  }

  /** What does not fit: each with what was expected and what was found. */
  List<String> problems() {
    if (driver == 0) {
      return List.of("no NVIDIA driver");
    }
    List<String> problems = new ArrayList<>();
    if (kernels == 0) {
      problems.add("kernels: built without CUDA (no nvcc was found)");
    }
    if (libTorch == 0) {
      problems.add("LibTorch: expected its GPU build (mvn -Pgpu), found the CPU's");
    }
    int needed = Math.max(kernels, libTorch) / 1000;
    if (driver / 1000 < needed) {
      problems.add(
          "driver: expected one for CUDA " + needed + ", found one for CUDA " + cuda(driver));
    }
    if (kernels != 0 && libTorch != 0 && kernels / 1000 != libTorch / 1000) {
      problems.add(
          "CUDA: expected one major version, found %s in the kernels and %s in LibTorch"
              .formatted(cuda(kernels), cuda(libTorch)));
    }
    if (libTorch != 0) {
      cudnnProblem(problems);
    }
    return problems;
  }

  private void cudnnProblem(List<String> problems) {
    boolean fits = cudnnMajor(cudnnFound) == cudnnMajor(cudnnWanted) && cudnnFound >= cudnnWanted;
    if (cudnnFound == 0) {
      problems.add("cuDNN: expected version " + cudnn(cudnnWanted) + ", found none");
    } else if (!fits) {
      problems.add(
          "cuDNN: expected version %s or a newer one of %d, found %s"
              .formatted(cudnn(cudnnWanted), cudnnMajor(cudnnWanted), cudnn(cudnnFound)));
    }
  }

  private static String cuda(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  /** From 9 on cuDNN counts 10 000 a major version, before 1 000. */
  private static long cudnnMajor(long version) {
    return version >= 90_000 ? version / 10_000 : version / 1_000;
  }

  private static String cudnn(long version) {
    long unit = version >= 90_000 ? 10_000 : 1_000;
    return version / unit + "." + version % unit / 100;
  }
}
