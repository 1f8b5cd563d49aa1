package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.LogitKernels;

/**
 * The loss of customised cross-modal distillation (Huo et al., CVPR 2024): teacher t, student s and
 * their proxies pt, ps teach each other. With sg a stopped gradient, KL standing for T² times the
 * divergence of the softmaxes over T, and all means over the rows that are not ignored, its terms
 * are
 *
 * <ol>
 *   <li>the cross-entropies of t and of s with the labels, at temperature 1;
 *   <li>KL(sg t ‖ pt), KL(sg pt ‖ t);
 *   <li>KL(sg s ‖ ps), KL(sg ps ‖ s);
 *   <li>m·KL(sg pt ‖ ps), m·KL(sg ps ‖ pt) without the target ({@link KdLoss.Target}), where m is 1
 *       for rows that both proxies order alike, {@linkplain KendallTau τ-b} &gt; krc, otherwise 0.
 * </ol>
 *
 * <p>One kernel call computes everything. On a GPU a label out of range makes the loss NaN, since
 * nothing waits there to look at it. Inputs are never changed. Immutable and thread-safe.
 */
public final class C2kdLoss {

  private final Options options;
  private final Backend backendOrNull;

  /**
   * How the loss is computed.
   *
   * @param temperature T of the divergences, from 1e-9 to 1e9
   * @param krc τ-b that a row must exceed, not NaN
   * @param nonTarget {@code zero-logit} or {@code exclude}
   */
  public record Options(double temperature, double krc, KdLoss.Target nonTarget) {

    /** Checks the values. */
    public Options {
      Arguments.temperature(temperature);
      Arguments.finite("krc", krc);
      if (Arguments.given("nonTarget", nonTarget) == KdLoss.Target.KEPT) {
        throw new TensorException("non-target: expected zero-logit or exclude, found kept");
      }
    }

    /** T = 1, krc = 0, {@code zero-logit}. */
    public static Options defaults() {
      return new Options(1, 0, KdLoss.Target.ZERO_LOGIT);
    }
  }

  /**
   * Logits of the four networks, [B, C] each, all in f64, f32, bf16 or f16 and on one device.
   *
   * @param teacher t
   * @param student s
   * @param proxyTeacher pt
   * @param proxyStudent ps
   */
  public record Logits(Tensor teacher, Tensor student, Tensor proxyTeacher, Tensor proxyStudent) {

    List<Tensor> list() {
      return List.of(teacher, student, proxyTeacher, proxyStudent);
    }
  }

  /**
   * Value and gradients; A is f64 for f64 logits, otherwise f32.
   *
   * @param loss sum of the terms: [] of A
   * @param terms in the order above: [8] of A
   * @param tau τ-b of the proxies' rows: [B] of A
   * @param gradients by the logits, of their shape and type; a target side has none of its own
   */
  public record Result(Tensor loss, Tensor terms, Tensor tau, Logits gradients) {}

  /**
   * A loss on the backend that is active here (see {@link org.crossdistill.kernel.Backends}).
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public C2kdLoss(Options options) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.automatic();
  }

  /**
   * A loss on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public C2kdLoss(Options options, Backend backend) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.required(backend);
  }

  /**
   * Computes value and gradients without touching autograd. bf16 and f16 logits are computed in
   * f32, and the gradients rounded to their type.
   *
   * @param logits [B, C] with C ≥ 1, f64, f32, bf16 or f16, the same for all four; with any strides
   * @param labels [B] of int64, 0 to C − 1 or −100, on the logits' device
   * @param gradScale factor of the gradients, finite; leaves the loss as it is
   * @throws TensorException naming the argument that is wrong; nothing has been computed then
   */
  public Result forward(Logits logits, Tensor labels, double gradScale) {
    Tensor teacher = Arguments.given("logits", logits).teacher;
    DType dtype = Arguments.logits("teacher", teacher);
    Arguments.same("student", logits.student, "teacher", teacher);
    Arguments.same("proxyTeacher", logits.proxyTeacher, "teacher", teacher);
    Arguments.same("proxyStudent", logits.proxyStudent, "teacher", teacher);
    Arguments.vector("labels", labels, ScalarType.Long, teacher.size(0), teacher);
    Arguments.finite("gradScale", gradScale);
    return Placement.backend(backendOrNull, "teacher", teacher) == Backend.REFERENCE
        ? C2kdReference.forward(options, logits, labels, gradScale)
        : onKernel(dtype, logits, labels, gradScale);
  }

  private Result onKernel(DType dtype, Logits logits, Tensor labels, double gradScale) {
    long rows = logits.teacher.size(0);
    long classes = logits.teacher.size(1);
    Result result = allocate(logits.teacher, dtype);
    try (NativeArray t = NativeArray.matrix(logits.teacher);
        NativeArray s = NativeArray.matrix(logits.student);
        NativeArray pt = NativeArray.matrix(logits.proxyTeacher);
        NativeArray ps = NativeArray.matrix(logits.proxyStudent);
        NativeArray y = NativeArray.vector(labels)) {
      LogitKernels.C2kdInputs inputs =
          new LogitKernels.C2kdInputs(
              dtype,
              rows,
              classes,
              networks(List.of(t, s, pt, ps), result.gradients),
              y.data(),
              options.nonTarget.code(),
              options.temperature,
              options.krc,
              gradScale);
      Pointer loss = Blank.data(result.loss);
      Pointer terms = Blank.data(result.terms);
      Pointer tau = Blank.data(result.tau);
      NativeCall.run(
          logits.teacher,
          threads -> LogitKernels.c2kd(inputs, loss, terms, tau, threads),
          launch -> CudaKernels.c2kd(inputs, loss, terms, tau, launch));
    }
    return result;
  }

  private static List<LogitKernels.Network> networks(List<NativeArray> arrays, Logits gradients) {
    List<LogitKernels.Network> networks = new ArrayList<>();
    for (int i = 0; i < arrays.size(); i++) {
      networks.add(
          new LogitKernels.Network(arrays.get(i).matrix(), Blank.matrix(gradients.list().get(i))));
    }
    return networks;
  }

  private static Result allocate(Tensor beside, DType dtype) {
    DType accumulation = dtype.accumulation();
    long rows = beside.size(0);
    long classes = beside.size(1);
    return new Result(
        Blank.tensor(beside, accumulation),
        Blank.tensor(beside, accumulation, 8),
        Blank.tensor(beside, accumulation, rows),
        new Logits(
            Blank.tensor(beside, dtype, rows, classes),
            Blank.tensor(beside, dtype, rows, classes),
            Blank.tensor(beside, dtype, rows, classes),
            Blank.tensor(beside, dtype, rows, classes)));
  }
}
