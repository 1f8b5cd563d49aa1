package org.crossdistill.kernel;

import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.kernel.binding.cd_logits;
import org.crossdistill.kernel.binding.cd_row_set;

/**
 * The CUDA kernels on raw pointers into the memory of the current device; otherwise as in {@link
 * Kernels}, {@link QualityKernels} and {@link LogitKernels}. A call returns after the launch and
 * never waits. Labels and weights are looked at on the device alone: a wrong one makes the loss
 * NaN.
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
      Kernels.Classifier classifier, List<Kernels.RowSet> rowSets, Launch launch) {
    NativeLibrary.require();
    try (cd_row_set sets = Kernels.rowSets(rowSets)) {
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
      QualityKernels.QualityRule rule,
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
  public static void embeddingWeights(
      QualityKernels.EmbeddingWeights call, Pointer ticket, Launch launch) {
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
