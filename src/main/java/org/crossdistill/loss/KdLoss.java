package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Labelled;
import org.crossdistill.kernel.LogitKernels;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Knowledge distillation on logits: per row l_i = T²·KL(p_i ‖ q_i) with p, q the softmax of the
 * teacher's and the student's logits over the temperature T (Hinton et al., 2015, <a
 * href="https://arxiv.org/abs/1503.02531">arXiv:1503.02531</a>); the loss is Σ w_i·l_i / n with n
 * by the {@link Reduction}. The logit of the row's label may be left out on both sides, which
 * leaves what the teacher knows of the other classes (Zhao et al., 2022, <a
 * href="https://arxiv.org/abs/2203.08679">arXiv:2203.08679</a>).
 *
 * <p>Rows with the label −100 count for nothing. Non-finite logits give a non-finite loss. On a GPU
 * so do a label or a weight out of range, since nothing waits there to look at them. Inputs may
 * have any strides and are never changed. Results belong to the caller's innermost {@code
 * PointerScope}. Immutable and thread-safe.
 */
public final class KdLoss {

  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  private final Options options;
  private final Backend backendOrNull;

  /** What becomes of the logit of a row's label, on both sides. */
  public enum Target implements Labelled {
    /** Softmax over all classes; no labels are needed. */
    KEPT("kept", Crossdistill.CD_TARGET_KEPT),
    /** Replaced by 0, softmax over all classes; its gradient is 0. */
    ZERO_LOGIT("zero-logit", Crossdistill.CD_TARGET_ZERO),
    /** Softmax over the other C − 1 classes; its gradient is 0. */
    EXCLUDE("exclude", Crossdistill.CD_TARGET_EXCLUDED);

    private final String label;
    private final int code;

    Target(String label, int code) {
      this.label = label;
      this.code = code;
    }

    @Override
    public String label() {
      return label;
    }

    /** The number that stands for it in the C interface. */
    public int code() {
      return code;
    }
  }

  /**
   * How the loss is computed.
   *
   * @param target what becomes of the logit of the label
   * @param temperature T, from 1e-9 to 1e9
   * @param reduction of the rows' losses
   */
  public record Options(Target target, double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.given("target", target);
      Arguments.temperature(temperature);
      Arguments.given("reduction", reduction);
    }

    /** All classes, T = 4, reduction {@code mean}. */
    public static Options defaults() {
      return new Options(Target.KEPT, 4, Reduction.MEAN);
    }
  }

  /** What a call computes beside the loss. */
  public enum Output {
    ROWS,
    GRAD_STUDENT,
    GRAD_TEACHER,
    GRAD_WEIGHTS
  }

  /**
   * Value and gradients; null where not asked for. A is f64 for f64 logits, otherwise f32.
   *
   * @param loss [] of A
   * @param rows l_i, unweighted; 0 for ignored rows: [B] of A
   * @param gradStudent [B, C] of the logits' type
   * @param gradTeacher [B, C] of the logits' type
   * @param gradWeights [B] of A
   */
  public record Result(
      Tensor loss, Tensor rows, Tensor gradStudent, Tensor gradTeacher, Tensor gradWeights) {}

  /**
   * A loss on the backend that is active here (see {@link org.crossdistill.kernel.Backends}).
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public KdLoss(Options options) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.automatic();
  }

  /**
   * A loss on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public KdLoss(Options options, Backend backend) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.required(backend);
  }

  /** The options it was made with. */
  public Options options() {
    return options;
  }

  /** Value and everything else, without scaling. */
  public Result forward(Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    return forward(student, teacher, labelsOrNull, weightsOrNull, 1, ALL);
  }

  /**
   * Computes value and gradients without touching autograd: pass a gradient on with {@code
   * student.backward(gradStudent, …)}.
   *
   * @param student logits [B, C] in f64, f32, bf16 or f16, C at least 1
   * @param teacher of the student's shape, type and device
   * @param labelsOrNull [B] of int64, 0 to C − 1 or −100; null only with {@link Target#KEPT}
   * @param weightsOrNull [B] of A, finite and not negative; null for ones
   * @param gradScale factor of the gradients, finite; leaves the loss as it is
   * @param outputs what to compute beside the loss
   * @throws TensorException naming the argument that is wrong; nothing has been computed then
   */
  public Result forward(
      Tensor student,
      Tensor teacher,
      Tensor labelsOrNull,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    DType dtype = Arguments.logits("student", student);
    Arguments.same("teacher", teacher, "student", student);
    if (labelsOrNull != null || options.target != Target.KEPT) {
      Arguments.vector("labels", labelsOrNull, ScalarType.Long, student.size(0), student);
    }
    ScalarType accumulation = DTypes.scalarType(dtype.accumulation());
    Arguments.vectorOrNull("weights", weightsOrNull, accumulation, student.size(0), student);
    Arguments.finite("gradScale", gradScale);
    Arguments.given("outputs", outputs);
    Backend backend = Placement.backend(backendOrNull, "student", student);
    Call call = new Call(dtype, student, teacher, labelsOrNull, weightsOrNull, gradScale, outputs);
    return backend == Backend.REFERENCE ? KdReference.forward(options, call) : onKernel(call);
  }

  /** The checked arguments of a call. */
  record Call(
      DType dtype,
      Tensor student,
      Tensor teacher,
      Tensor labelsOrNull,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {}

  /**
   * The loss as a node of an autograd graph: differentiable with respect to every argument that
   * requires a gradient, once.
   *
   * @return the loss, [] of A
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor apply(Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    EnumSet<Output> outputs = EnumSet.noneOf(Output.class);
    KnownGradients.askFor(outputs, Output.GRAD_STUDENT, student);
    KnownGradients.askFor(outputs, Output.GRAD_TEACHER, teacher);
    KnownGradients.askFor(outputs, Output.GRAD_WEIGHTS, weightsOrNull);
    Result result = forward(student, teacher, labelsOrNull, weightsOrNull, 1, outputs);
    return new KnownGradients()
        .add(student, result.gradStudent)
        .add(teacher, result.gradTeacher)
        .add(weightsOrNull, result.gradWeights)
        .node(result.loss);
  }

  private Result onKernel(Call call) {
    LogitOutputs out =
        LogitOutputs.blank(
            call.student,
            call.outputs.contains(Output.ROWS),
            call.outputs.contains(Output.GRAD_STUDENT),
            call.outputs.contains(Output.GRAD_TEACHER),
            call.outputs.contains(Output.GRAD_WEIGHTS));
    try (NativeArray s = NativeArray.matrix(call.student);
        NativeArray t = NativeArray.matrix(call.teacher);
        NativeArray y = NativeArray.vector(call.labelsOrNull);
        NativeArray w = NativeArray.vector(call.weightsOrNull)) {
      LogitKernels.Inputs inputs =
          new LogitKernels.Inputs(
              call.dtype,
              call.student.size(0),
              call.student.size(1),
              s.matrix(),
              t.matrix(),
              y.data(),
              w.data(),
              options.temperature,
              options.reduction.code(),
              call.gradScale);
      NativeCall.run(
          call.student,
          threads -> LogitKernels.kd(inputs, options.target.code, out.pointers(), threads),
          launch -> CudaKernels.kd(inputs, options.target.code, out.pointers(), launch));
    }
    return new Result(
        out.loss(), out.rows(), out.gradStudent(), out.gradTeacher(), out.gradWeights());
  }
}
