package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.LogitKernels;

/**
 * Decoupled knowledge distillation (Zhao et al., CVPR 2022, <a
 * href="https://arxiv.org/abs/2203.08679">arXiv:2203.08679</a>): the divergence in the target
 * class's probability and the one among the other classes, each with a weight of its own.
 *
 * <pre>
 * l_i = α·TCKD_i + β·NCKD_i
 * TCKD = T²·[p_y·log(p_y/q_y) + (1 − p_y)·log((1 − p_y)/(1 − q_y))]
 * NCKD = T²·KL(p̃ ‖ q̃),   p̃, q̃ = softmax over the classes but y, over T
 * </pre>
 *
 * <p>Non-finite logits give a non-finite loss. On a GPU so do a label or a weight out of range,
 * since nothing waits there to look at them.
 */
public final class DkdLoss extends LogitLoss {

  /**
   * How the loss is computed.
   *
   * @param alpha α, from 0 to 1e9
   * @param beta β, from 0 to 1e9; the authors tune it per pair of networks
   * @param temperature T, from 1e-9 to 1e9
   * @param reduction of the rows' losses
   */
  public record Options(double alpha, double beta, double temperature, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.range("alpha", alpha, 0, BEYOND);
      Arguments.range("beta", beta, 0, BEYOND);
      Arguments.temperature(temperature);
      Arguments.given("reduction", reduction);
    }

    /** α = 1, β = 8, T = 4: the authors' for CIFAR-100. */
    public static Options defaults() {
      return new Options(1, 8, 4, Reduction.MEAN);
    }
  }

  private static final double BEYOND = Math.nextUp(1e9);

  private final Options options;
  private final Backend backendOrNull;

  /**
   * For logits [B, C] with C ≥ 2, on the backend that is active here (see {@link
   * org.crossdistill.kernel.Backends}); the loss needs labels.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public DkdLoss(Options options) {
    super(Arguments.given("options", options).reduction(), true);
    this.options = options;
    this.backendOrNull = Placement.automatic();
  }

  /**
   * The same on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public DkdLoss(Options options, Backend backend) {
    super(Arguments.given("options", options).reduction(), true);
    this.options = options;
    this.backendOrNull = Placement.required(backend);
  }

  @Override
  int fewestClasses() {
    return 2;
  }

  @Override
  Result compute(
      Tensor student,
      Tensor teacher,
      Tensor labels,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    return onReference(student)
        ? super.compute(student, teacher, labels, weightsOrNull, gradScale, outputs)
        : onKernel(student, teacher, labels, weightsOrNull, gradScale, outputs);
  }

  @Override
  Tensor node(Tensor student, Tensor teacher, Tensor labels, Tensor weightsOrNull) {
    if (onReference(student)) {
      return super.node(student, teacher, labels, weightsOrNull);
    }
    EnumSet<Output> outputs = EnumSet.noneOf(Output.class);
    KnownGradients.askFor(outputs, Output.GRAD_STUDENT, student);
    KnownGradients.askFor(outputs, Output.GRAD_TEACHER, teacher);
    Result result = onKernel(student, teacher, labels, weightsOrNull, 1, outputs);
    return new KnownGradients()
        .add(student, result.gradStudent())
        .add(teacher, result.gradTeacher())
        .node(result.loss());
  }

  private boolean onReference(Tensor student) {
    return Placement.backend(backendOrNull, "student", student) == Backend.REFERENCE;
  }

  private Result onKernel(
      Tensor student,
      Tensor teacher,
      Tensor labels,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    LogitOutputs out =
        LogitOutputs.blank(
            student,
            outputs.contains(Output.ROWS),
            outputs.contains(Output.GRAD_STUDENT),
            outputs.contains(Output.GRAD_TEACHER),
            outputs.contains(Output.GRAD_WEIGHTS));
    try (NativeArray s = NativeArray.matrix(student);
        NativeArray t = NativeArray.matrix(teacher);
        NativeArray y = NativeArray.vector(labels);
        NativeArray w = NativeArray.vector(weightsOrNull)) {
      LogitKernels.DkdInputs inputs =
          new LogitKernels.DkdInputs(
              DTypes.of(student),
              student.size(0),
              student.size(1),
              s.matrix(),
              t.matrix(),
              y.data(),
              w.data(),
              options.alpha(),
              options.beta(),
              options.temperature(),
              options.reduction().code(),
              gradScale);
      NativeCall.run(
          student,
          threads -> LogitKernels.dkd(inputs, out.pointers(), threads),
          launch -> CudaKernels.dkd(inputs, out.pointers(), launch));
    }
    return new Result(
        out.loss(), out.rows(), out.gradStudent(), out.gradTeacher(), out.gradWeights());
  }

  @Override
  Tensor rows(Tensor student, Tensor teacher, Tensor labels) {
    double t = options.temperature();
    Tensor targetClass = Softmaxes.divergence(binary(teacher, labels), binary(student, labels), t);
    Tensor otherClasses =
        Softmaxes.divergence(
            Softmaxes.others(teacher, labels), Softmaxes.others(student, labels), t);
    return targetClass
        .mul(new Scalar(options.alpha()))
        .add(otherClasses.mul(new Scalar(options.beta())));
  }

  /** Logits [B, 2] whose softmax over T is (p_y, 1 − p_y): finite also where p_y is 1. */
  private Tensor binary(Tensor logits, Tensor labels) {
    double t = options.temperature();
    Tensor others =
        Softmaxes.others(logits, labels).div(new Scalar(t)).logsumexp(1).mul(new Scalar(t));
    return Composition.columns(Softmaxes.target(logits, labels), others);
  }
}
