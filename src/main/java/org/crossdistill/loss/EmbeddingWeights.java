package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.CudaQualityKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.QualityKernels;
import org.crossdistill.kernel.QualityKernels.Embeddings;

/**
 * The kernel that turns embeddings into {@link QualityWeights}, and the ticket that it needs on a
 * GPU: a number there in which it counts its blocks, 0 between calls. Not thread-safe.
 */
final class EmbeddingWeights {

  private Tensor ticketOrNull;

  /** Arguments checked but for the values; changes the running statistics f64 [5] in place. */
  Tensor onKernel(
      DType dtype,
      Tensor student,
      Tensor teacher,
      QualityKernels.QualityRule rule,
      boolean update,
      Tensor statistics) {
    long rows = student.size(0);
    Tensor weights = Blank.tensor(student, dtype.accumulation(), rows);
    try (Tensor normsOfStudent = Blank.tensor(student, dtype.accumulation(), rows);
        Tensor normsOfTeacher = Blank.tensor(student, dtype.accumulation(), rows);
        NativeArray s = NativeArray.matrix(student);
        NativeArray t = NativeArray.matrix(teacher);
        NativeArray state = NativeArray.vector(statistics)) {
      run(
          student,
          new QualityKernels.EmbeddingWeights(
              dtype,
              rows,
              new Embeddings(s.matrix(), student.size(1), Blank.data(normsOfStudent)),
              new Embeddings(t.matrix(), teacher.size(1), Blank.data(normsOfTeacher)),
              rule,
              update,
              state.data(),
              Blank.data(weights)));
    }
    return weights;
  }

  private void run(Tensor student, QualityKernels.EmbeddingWeights call) {
    NativeCall.run(
        student,
        threads -> QualityKernels.embeddingWeights(call, threads),
        launch -> {
          try (NativeArray ticket = ticket(student)) {
            CudaQualityKernels.embeddingWeights(call, ticket.data(), launch);
          }
        });
  }

  /** On the device of {@code beside}: made when a call first comes there. */
  NativeArray ticket(Tensor beside) {
    try (Results results = new Results()) {
      if (ticketOrNull == null || !DTypes.device(ticketOrNull).equals(DTypes.device(beside))) {
        // Retained, for a scope of the caller may be open and close long before this object goes.
        ticketOrNull = Blank.tensor(beside, DType.F64, 1).zero_().retainReference();
      }
    }
    return NativeArray.vector(ticketOrNull);
  }
}
