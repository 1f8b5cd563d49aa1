package org.crossdistill.train;

import java.util.Collection;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Parameters laid end to end in one tensor, and their gradients in another, so that an update is a
 * handful of calls however many parameters there are. The parameters become views of it, their
 * {@code grad} too.
 */
final class FlatParameters {

  private final List<Tensor> parameters;
  private final Tensor values;
  private final Tensor gradients;

  FlatParameters(Collection<Tensor> parameters) {
    this.parameters = List.copyOf(parameters);
    long size = parameters.stream().mapToLong(Tensor::numel).sum();
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      values = retained(torch.zeros(size));
      gradients = retained(torch.zeros(size));
      long offset = 0;
      for (Tensor parameter : parameters) {
        long[] shape = parameter.shape();
        Tensor view = values.narrow(0, offset, parameter.numel()).view(shape);
        view.copy_(parameter);
        parameter.set_data(view);
        parameter.mutable_grad().put(gradients.narrow(0, offset, view.numel()).view(shape));
        offset += view.numel();
      }
    }
  }

  private static Tensor retained(Tensor tensor) {
    tensor.retainReference();
    return tensor;
  }

  /** Whether the parameters are still views of this, and not of another that came later. */
  boolean ownsParameters() {
    long next = values.data_ptr().address();
    for (Tensor parameter : parameters) {
      if (parameter.numel() > 0 && parameter.data_ptr().address() != next) {
        return false;
      }
      next += parameter.nbytes();
    }
    return true;
  }

  /** All values, [n] f32; writing to it changes the parameters. */
  Tensor values() {
    return values;
  }

  /** All gradients, [n] f32. */
  Tensor gradients() {
    return gradients;
  }

  void zeroGradients() {
    gradients.zero_();
  }

  /** A new tensor [n] of zeros for an optimiser's state. */
  Tensor zeros() {
    return retained(torch.zeros(values.numel()));
  }
}
