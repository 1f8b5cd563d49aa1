package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.RelationKernels;

/**
 * A {@link PairLoss} with a kernel on CPUs that computes value and gradients together; it is the
 * reference composition elsewhere, and so also for tensors on a GPU.
 */
public abstract class FusedPairLoss extends PairLoss {

  private final Backend backendOrNull;

  /** On the backend that is active here. */
  FusedPairLoss() {
    backendOrNull = Placement.automatic();
  }

  /**
   * On a certain backend, never another.
   *
   * @param name of the loss
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  FusedPairLoss(String name, Backend backend) {
    backendOrNull = Placement.required(name, Set.of(Backend.CPU), backend);
  }

  /** Calls the kernel. */
  abstract void run(
      RelationKernels.PairInputs inputs, RelationKernels.PairOutputs outputs, int threads);

  @Override
  final Result compute(Tensor student, Tensor teacher, double gradScale, Set<Output> outputs) {
    return onReference(student)
        ? super.compute(student, teacher, gradScale, outputs)
        : onKernel(student, teacher, gradScale, outputs);
  }

  @Override
  final Tensor node(Tensor student, Tensor teacher) {
    if (onReference(student)) {
      return super.node(student, teacher);
    }
    EnumSet<Output> outputs = EnumSet.noneOf(Output.class);
    KnownGradients.askFor(outputs, Output.GRAD_STUDENT, student);
    KnownGradients.askFor(outputs, Output.GRAD_TEACHER, teacher);
    Result result = onKernel(student, teacher, 1, outputs);
    return new KnownGradients()
        .add(student, result.gradStudent())
        .add(teacher, result.gradTeacher())
        .node(result.loss());
  }

  private boolean onReference(Tensor student) {
    return Placement.backend(backendOrNull, "student", student) != Backend.CPU;
  }

  private Result onKernel(Tensor student, Tensor teacher, double gradScale, Set<Output> outputs) {
    DType dtype = DTypes.of(student);
    Result result =
        new Result(
            Blank.tensor(student, dtype.accumulation()),
            outputs.contains(Output.GRAD_STUDENT) ? Blank.like(student) : null,
            outputs.contains(Output.GRAD_TEACHER) ? Blank.like(teacher) : null);
    RelationKernels.PairOutputs out =
        new RelationKernels.PairOutputs(
            Blank.data(result.loss()),
            Blank.matrix(result.gradStudent()),
            Blank.matrix(result.gradTeacher()));
    try (NativeArray s = NativeArray.matrix(student);
        NativeArray t = NativeArray.matrix(teacher)) {
      RelationKernels.PairInputs in =
          new RelationKernels.PairInputs(
              dtype,
              student.size(0),
              student.size(1),
              teacher.size(1),
              s.matrix(),
              t.matrix(),
              gradScale);
      NativeCall.run(threads -> run(in, out, threads));
    }
    return result;
  }
}
