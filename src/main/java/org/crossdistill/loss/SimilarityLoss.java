package org.crossdistill.loss;

import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.RelationKernels;

/** A loss on the B x B similarities of a batch, of a kind that the kernel knows. */
abstract class SimilarityLoss extends RelationalLoss {

  private final int kind;

  /** On the backend that is active here; {@code kind} is one of {@code CD_SIMILARITY_*}. */
  SimilarityLoss(int kind) {
    this.kind = kind;
  }

  /** On a certain backend, never another; see {@link FusedPairLoss}. */
  SimilarityLoss(String name, int kind, Backend backend) {
    super(name, backend);
    this.kind = kind;
  }

  @Override
  final Result onKernel(Tensor student, Tensor teacher, double gradScale, Set<Output> outputs) {
    DType dtype = DTypes.of(student);
    Result result = blank(student, teacher, outputs);
    try (NativeArray s = NativeArray.matrix(student);
        NativeArray t = NativeArray.matrix(teacher)) {
      RelationKernels.SimilarityInputs inputs =
          new RelationKernels.SimilarityInputs(
              dtype,
              kind,
              student.size(0),
              student.size(1),
              teacher.size(1),
              s.matrix(),
              t.matrix(),
              gradScale);
      NativeCall.run(threads -> RelationKernels.similarity(inputs, pointers(result), threads));
    }
    return result;
  }
}
