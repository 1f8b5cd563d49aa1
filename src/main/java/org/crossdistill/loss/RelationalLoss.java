package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;

/**
 * A loss on how the samples of a batch relate to each other in the student and in the teacher: the
 * features may differ in size, and there must be two samples at least.
 */
public abstract class RelationalLoss extends FusedPairLoss {

  RelationalLoss() {}

  RelationalLoss(String name, Backend backend) {
    super(name, backend);
  }

  @Override
  final void check(Tensor student, Tensor teacher) {
    Arguments.embeddings("student", student);
    Arguments.sameRows("teacher", teacher, "student", student);
    Arguments.rows("student", student, 2);
  }
}
