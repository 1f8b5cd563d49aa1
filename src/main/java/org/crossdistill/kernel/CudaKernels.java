package org.crossdistill.kernel;

import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.kernel.binding.cd_logits;
import org.crossdistill.kernel.binding.cd_quality;
import org.crossdistill.kernel.binding.cd_row_set;

/**
 * The CUDA kernels on raw pointers into the memory of the current device; otherwise as in {@link
 * Kernels} and {@link LogitKernels}. A call returns after the launch and never waits. Labels and
 * weights are looked at on the device alone: a wrong one makes the loss NaN.
 */
public final class CudaKernels {

  /** Where a call runs. */
  public interface Launch {
    /** The {@code cudaStream_t}; null for the default stream. */
    Pointer stream();

    /**
     * Uninitialised memory of the device that lasts until the call's work on the stream is done.
     */
    Pointer memory(long bytes);
  }

  private CudaKernels() {}

  /** Calls {@code cd_feature_margin_cuda}. */
  public static void featureMargin(
      Kernels.FeatureMarginInputs in, Kernels.FeatureMarginOutputs out, Launch launch) {
    NativeLibrary.require();
    long[] bytes = new long[1];
    Status.check(
        Crossdistill.cd_feature_margin_cuda_workspace(
            in.dtype().code(), in.rows(), in.dim(), bytes));
    Status.check(
        Crossdistill.cd_feature_margin_cuda(
            in.dtype().code(),
            in.rows(),
            in.dim(),
            in.student().data(),
            in.student().stride(),
            in.teacher().data(),
            in.teacher().stride(),
            in.weights(),
            in.distance(),
            in.margin(),
            in.reduction(),
            in.gradScale(),
            out.loss(),
            out.rowLosses(),
            out.distances(),
            out.gradStudent().data(),
            out.gradStudent().stride(),
            out.gradTeacher().data(),
            out.gradTeacher().stride(),
            out.gradWeights(),
            launch.memory(bytes[0]),
            bytes[0],
            launch.stream()));
  }

  /** Calls {@code cd_margin_classifier_cuda}. */
  public static void marginClassifier(
      Kernels.Classifier classifier,
      List<Kernels.RowSet> rowSets,
      QualityKernels.RowQuality qualityOrNull,
      Launch launch) {
    NativeLibrary.require();
    try (cd_row_set sets = Kernels.rowSets(rowSets);
        cd_quality quality = QualityKernels.RowQuality.structOrNull(qualityOrNull)) {
      long[] bytes = new long[1];
      Status.check(
          Crossdistill.cd_margin_classifier_cuda_workspace(
              classifier.dtype().code(),
              classifier.classes(),
              classifier.dim(),
              sets,
              rowSets.size(),
              bytes));
      Status.check(
          Crossdistill.cd_margin_classifier_cuda(
              classifier.dtype().code(),
              classifier.classes(),
              classifier.dim(),
              classifier.weight().data(),
              classifier.weight().stride(),
              classifier.bias(),
              sets,
              rowSets.size(),
              quality,
              classifier.kind(),
              classifier.scale(),
              classifier.margin(),
              classifier.easyMargin() ? 1 : 0,
              classifier.reduction(),
              classifier.gradWeight().data(),
              classifier.gradWeight().stride(),
              classifier.gradBias(),
              badRow(launch),
              launch.memory(bytes[0]),
              bytes[0],
              launch.stream()));
    }
  }

  /** Calls {@code cd_kd_cuda}. */
  public static void kd(
      LogitKernels.Inputs in, int target, LogitKernels.Outputs out, Launch launch) {
    NativeLibrary.require();
    long[] bytes = new long[1];
    Status.check(
        Crossdistill.cd_kd_cuda_workspace(in.dtype().code(), in.rows(), in.classes(), bytes));
    Status.check(
        Crossdistill.cd_kd_cuda(
            in.dtype().code(),
            in.rows(),
            in.classes(),
            in.student().data(),
            in.student().stride(),
            in.teacher().data(),
            in.teacher().stride(),
            new LongPointer(in.labels()),
            in.weights(),
            target,
            in.temperature(),
            in.reduction(),
            in.gradScale(),
            out.loss(),
            out.rowLosses(),
            out.gradStudent().data(),
            out.gradStudent().stride(),
            out.gradTeacher().data(),
            out.gradTeacher().stride(),
            out.gradWeights(),
            badRow(launch),
            launch.memory(bytes[0]),
            bytes[0],
            launch.stream()));
  }

  /** Calls {@code cd_dkd_cuda}. */
  public static void dkd(
      LogitKernels.Inputs in, double alpha, double beta, LogitKernels.Outputs out, Launch launch) {
    NativeLibrary.require();
    long[] bytes = new long[1];
    Status.check(
        Crossdistill.cd_dkd_cuda_workspace(in.dtype().code(), in.rows(), in.classes(), bytes));
    Status.check(
        Crossdistill.cd_dkd_cuda(
            in.dtype().code(),
            in.rows(),
            in.classes(),
            in.student().data(),
            in.student().stride(),
            in.teacher().data(),
            in.teacher().stride(),
            new LongPointer(in.labels()),
            in.weights(),
            alpha,
            beta,
            in.temperature(),
            in.reduction(),
            in.gradScale(),
            out.loss(),
            out.rowLosses(),
            out.gradStudent().data(),
            out.gradStudent().stride(),
            out.gradTeacher().data(),
            out.gradTeacher().stride(),
            out.gradWeights(),
            badRow(launch),
            launch.memory(bytes[0]),
            bytes[0],
            launch.stream()));
  }

  /** Calls {@code cd_kendall_tau_cuda}, without its mask. */
  public static void kendallTau(
      DType dtype, long rows, long classes, Matrix a, Matrix b, Pointer tau, Launch launch) {
    NativeLibrary.require();
    long[] bytes = new long[1];
    Status.check(Crossdistill.cd_kendall_tau_cuda_workspace(dtype.code(), rows, classes, bytes));
    Status.check(
        Crossdistill.cd_kendall_tau_cuda(
            dtype.code(),
            rows,
            classes,
            a.data(),
            a.stride(),
            b.data(),
            b.stride(),
            0,
            tau,
            (BytePointer) null,
            launch.memory(bytes[0]),
            bytes[0],
            launch.stream()));
  }

  /** Calls {@code cd_c2kd_cuda}; arguments as in {@link LogitKernels#c2kd}. */
  public static void c2kd(
      LogitKernels.C2kdInputs in, Pointer loss, Pointer terms, Pointer tau, Launch launch) {
    NativeLibrary.require();
    try (cd_logits networks = LogitKernels.networks(in.networks())) {
      long[] bytes = new long[1];
      Status.check(
          Crossdistill.cd_c2kd_cuda_workspace(in.dtype().code(), in.rows(), in.classes(), bytes));
      Status.check(
          Crossdistill.cd_c2kd_cuda(
              in.dtype().code(),
              in.rows(),
              in.classes(),
              networks,
              new LongPointer(in.labels()),
              in.target(),
              in.temperature(),
              in.threshold(),
              in.gradScale(),
              loss,
              terms,
              tau,
              badRow(launch),
              launch.memory(bytes[0]),
              bytes[0],
              launch.stream()));
    }
  }

  /** The number of the first bad row goes there; the loss, NaN then, tells without waiting. */
  private static LongPointer badRow(Launch launch) {
    return new LongPointer(launch.memory(Long.BYTES));
  }
}
