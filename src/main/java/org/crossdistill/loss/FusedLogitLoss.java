package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.LogitKernels;

/**
 * A {@link LogitLoss} with kernels that compute value and gradients together; it is the reference
 * composition where it has none, and so also for tensors on a GPU if its kernels are for CPUs
 * alone.
 */
public abstract class FusedLogitLoss extends LogitLoss {

  private final double temperature;
  private final Reduction reduction;
  private final Set<Backend> kernels;
  private final Backend backendOrNull;

  /**
   * On the backend that is active here.
   *
   * @param kernels the backends for which there are some
   */
  FusedLogitLoss(
      double temperature, Reduction reduction, boolean needsLabels, Set<Backend> kernels) {
    super(reduction, needsLabels);
    this.temperature = temperature;
    this.reduction = reduction;
    this.kernels = kernels;
    this.backendOrNull = Placement.automatic();
  }

  /**
   * On a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException if there are no kernels for it
   */
  FusedLogitLoss(
      String name,
      double temperature,
      Reduction reduction,
      boolean needsLabels,
      Set<Backend> kernels,
      Backend backend) {
    super(reduction, needsLabels);
    this.temperature = temperature;
    this.reduction = reduction;
    this.kernels = kernels;
    this.backendOrNull = Placement.required(name, kernels, backend);
  }

  /** Calls the kernel for {@code student}'s device. */
  abstract void run(Tensor student, LogitKernels.Inputs inputs, LogitKernels.Outputs outputs);

  @Override
  final Result compute(
      Tensor student,
      Tensor teacher,
      Tensor labelsOrNull,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    return onReference(student)
        ? super.compute(student, teacher, labelsOrNull, weightsOrNull, gradScale, outputs)
        : onKernel(student, teacher, labelsOrNull, weightsOrNull, gradScale, outputs);
  }

  @Override
  final Tensor node(Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    if (onReference(student)) {
      return super.node(student, teacher, labelsOrNull, weightsOrNull);
    }
    EnumSet<Output> outputs = EnumSet.noneOf(Output.class);
    KnownGradients.askFor(outputs, Output.GRAD_STUDENT, student);
    KnownGradients.askFor(outputs, Output.GRAD_TEACHER, teacher);
    Result result = onKernel(student, teacher, labelsOrNull, weightsOrNull, 1, outputs);
    return new KnownGradients()
        .add(student, result.gradStudent())
        .add(teacher, result.gradTeacher())
        .node(result.loss());
  }

  private boolean onReference(Tensor student) {
    return !kernels.contains(Placement.backend(backendOrNull, "student", student));
  }

  private Result onKernel(
      Tensor student,
      Tensor teacher,
      Tensor labelsOrNull,
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
        NativeArray y = NativeArray.vector(labelsOrNull);
        NativeArray w = NativeArray.vector(weightsOrNull)) {
      LogitKernels.Inputs inputs =
          new LogitKernels.Inputs(
              DTypes.of(student),
              student.size(0),
              student.size(1),
              s.matrix(),
              t.matrix(),
              y.data(),
              w.data(),
              temperature,
              reduction.code(),
              gradScale);
      run(student, inputs, out.pointers());
    }
    return new Result(
        out.loss(), out.rows(), out.gradStudent(), out.gradTeacher(), out.gradWeights());
  }
}
