package org.crossdistill.method;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * What {@link DiscomKd} takes B rows of one modality apart into, [B, D] each.
 *
 * @param inv domain-invariant features, ≥ 0
 * @param inf domain-informative features
 * @param irr domain-irrelevant features
 */
public record DisentangledFeatures(Tensor inv, Tensor inf, Tensor irr) {

  /** [inv; inf], [B, 2·D]. */
  Tensor task() {
    return torch.cat(new TensorVector(inv, inf), 1);
  }
}
