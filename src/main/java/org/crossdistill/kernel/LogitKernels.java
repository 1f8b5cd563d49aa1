package org.crossdistill.kernel;

import java.util.List;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.kernel.binding.cd_logits;

/**
 * The CPU kernels of distillation on logits, on raw pointers; as in {@link Kernels}. Letters: B
 * rows, C classes, A the {@linkplain DType#accumulation() accumulation type}.
 */
public final class LogitKernels {

  private LogitKernels() {}

  /**
   * What a loss on the logits of student and teacher reads, beside its own options.
   *
   * @param dtype of the logits
   * @param rows B
   * @param classes C
   * @param student [B, C]
   * @param teacher [B, C]
   * @param labels [B] of int64, or null where the loss does without
   * @param weights [B] of A, or null for ones
   * @param temperature of the softmaxes
   * @param reduction {@code CD_MEAN}, {@code CD_WEIGHTED_MEAN} or {@code CD_SUM}
   * @param gradScale factor of the gradients
   */
  public record Inputs(
      DType dtype,
      long rows,
      long classes,
      Matrix student,
      Matrix teacher,
      Pointer labels,
      Pointer weights,
      double temperature,
      int reduction,
      double gradScale) {}

  /**
   * What such a loss writes.
   *
   * @param loss [1] of A
   * @param rowLosses [B] of A, or null
   * @param gradStudent [B, C], or none
   * @param gradTeacher [B, C], or none
   * @param gradWeights [B] of A, or null
   */
  public record Outputs(
      Pointer loss,
      Pointer rowLosses,
      Matrix gradStudent,
      Matrix gradTeacher,
      Pointer gradWeights) {}

  /**
   * Calls {@code cd_kd}.
   *
   * @param target one of {@code CD_TARGET_*}
   */
  public static void kd(Inputs in, int target, Outputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_kd(
            in.dtype.code(),
            in.rows,
            in.classes,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            new LongPointer(in.labels),
            in.weights,
            target,
            in.temperature,
            in.reduction,
            in.gradScale,
            out.loss,
            out.rowLosses,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            out.gradWeights,
            threads));
  }

  /**
   * Calls {@code cd_dkd}.
   *
   * @param alpha weight of the label's class against all others
   * @param beta weight of the divergence among the others
   */
  public static void dkd(Inputs in, double alpha, double beta, Outputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_dkd(
            in.dtype.code(),
            in.rows,
            in.classes,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            new LongPointer(in.labels),
            in.weights,
            alpha,
            beta,
            in.temperature,
            in.reduction,
            in.gradScale,
            out.loss,
            out.rowLosses,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            out.gradWeights,
            threads));
  }

  /**
   * Calls {@code cd_nkd}.
   *
   * @param gamma weight of the cross-entropy among the classes but the label's
   */
  public static void nkd(Inputs in, double gamma, Outputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_nkd(
            in.dtype.code(),
            in.rows,
            in.classes,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            new LongPointer(in.labels),
            in.weights,
            gamma,
            in.temperature,
            in.reduction,
            in.gradScale,
            out.loss,
            out.rowLosses,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            out.gradWeights,
            threads));
  }

  /** Calls {@code cd_lskd}. */
  public static void lskd(Inputs in, Outputs out, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_lskd(
            in.dtype.code(),
            in.rows,
            in.classes,
            in.student.data(),
            in.student.stride(),
            in.teacher.data(),
            in.teacher.stride(),
            new LongPointer(in.labels),
            in.weights,
            in.temperature,
            in.reduction,
            in.gradScale,
            out.loss,
            out.rowLosses,
            out.gradStudent.data(),
            out.gradStudent.stride(),
            out.gradTeacher.data(),
            out.gradTeacher.stride(),
            out.gradWeights,
            threads));
  }

  /**
   * Calls {@code cd_kendall_tau}, without its mask.
   *
   * @param dtype of a and b
   * @param rows B
   * @param classes C
   * @param a [B, C]
   * @param b [B, C]
   * @param tau [B] of A, written
   */
  public static void kendallTau(
      DType dtype, long rows, long classes, Matrix a, Matrix b, Pointer tau, int threads) {
    NativeLibrary.require();
    Status.check(
        Crossdistill.cd_kendall_tau(
            dtype.code(),
            rows,
            classes,
            a.data(),
            a.stride(),
            b.data(),
            b.stride(),
            0,
            tau,
            (byte[]) null,
            threads));
  }

  /**
   * A network's logits and their gradient.
   *
   * @param logits [B, C]
   * @param grad [B, C], written, or none
   */
  public record Network(Matrix logits, Matrix grad) {}

  /**
   * What customised cross-modal distillation reads.
   *
   * @param dtype of the logits
   * @param rows B
   * @param classes C
   * @param networks teacher, student, proxy teacher, proxy student
   * @param labels [B] of int64
   * @param target {@code CD_TARGET_ZERO} or {@code CD_TARGET_EXCLUDED}
   * @param temperature of the divergences
   * @param threshold that tau must exceed
   * @param gradScale factor of the gradients
   */
  public record C2kdInputs(
      DType dtype,
      long rows,
      long classes,
      List<Network> networks,
      Pointer labels,
      int target,
      double temperature,
      double threshold,
      double gradScale) {}

  /**
   * Calls {@code cd_c2kd}.
   *
   * @param loss [1] of A, written
   * @param terms [8] of A, written
   * @param tau [B] of A, written, or null
   */
  public static void c2kd(C2kdInputs in, Pointer loss, Pointer terms, Pointer tau, int threads) {
    NativeLibrary.require();
    try (cd_logits networks = networks(in.networks)) {
      Status.check(
          Crossdistill.cd_c2kd(
              in.dtype.code(),
              in.rows,
              in.classes,
              networks,
              new LongPointer(in.labels),
              in.target,
              in.temperature,
              in.threshold,
              in.gradScale,
              loss,
              terms,
              tau,
              threads));
    }
  }

  static cd_logits networks(List<Network> networks) {
    cd_logits array = new cd_logits(networks.size());
    for (int i = 0; i < networks.size(); i++) {
      Network network = networks.get(i);
      array
          .position(i)
          .logits(network.logits.data())
          .stride(network.logits.stride())
          .grad_or_null(network.grad.data())
          .grad_stride(network.grad.stride());
    }
    return array.position(0);
  }
}
