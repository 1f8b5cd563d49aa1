package org.crossdistill.kernel;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.CudaKernels.Launch;
import org.crossdistill.kernel.QualityKernels.EmbeddingWeights;
import org.crossdistill.kernel.QualityKernels.QualityRule;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * The CUDA kernels of quality weights; arguments as in {@link QualityKernels}, memory and calls as
 * in {@link CudaKernels}.
 */
public final class CudaQualityKernels {

  private CudaQualityKernels() {}

  /** Calls {@code cd_row_norms_cuda}. */
  public static void rowNorms(
      DType dtype, long rows, long dim, Matrix x, Pointer norms, Launch launch) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_row_norms_cuda(
            dtype.code(), rows, dim, x.data(), x.stride(), norms, launch.stream()));
  }

  /** Calls {@code cd_quality_weights_cuda}; the statistics lie on the device. */
  public static void qualityWeights(
      DType dtype,
      long rows,
      Pointer qualityStudent,
      Pointer qualityTeacher,
      QualityRule rule,
      boolean update,
      Pointer statistics,
      Pointer weights,
      Launch launch) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_quality_weights_cuda(
            dtype.code(),
            rows,
            qualityStudent,
            qualityTeacher,
            rule.mode(),
            rule.slope(),
            rule.h(),
            rule.alpha(),
            update ? 1 : 0,
            new DoublePointer(statistics),
            weights,
            launch.stream()));
  }

  /** Calls {@code cd_embedding_weights_cuda}; statistics and ticket lie on the device. */
  public static void embeddingWeights(EmbeddingWeights call, Pointer ticket, Launch launch) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_embedding_weights_cuda(
            call.dtype().code(),
            call.rows(),
            call.student().dim(),
            call.teacher().dim(),
            call.student().rows().data(),
            call.student().rows().stride(),
            call.teacher().rows().data(),
            call.teacher().rows().stride(),
            call.rule().mode(),
            call.rule().slope(),
            call.rule().h(),
            call.rule().alpha(),
            call.update() ? 1 : 0,
            new DoublePointer(call.statistics()),
            call.student().norms(),
            call.teacher().norms(),
            call.weights(),
            new IntPointer(ticket),
            launch.stream()));
  }
}
