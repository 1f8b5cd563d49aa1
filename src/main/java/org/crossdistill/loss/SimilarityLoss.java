package org.crossdistill.loss;

import org.crossdistill.kernel.Backend;
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
  void run(RelationKernels.PairInputs inputs, RelationKernels.PairOutputs outputs, int threads) {
    RelationKernels.similarity(inputs, kind, outputs, threads);
  }
}
