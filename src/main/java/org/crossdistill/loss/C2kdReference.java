package org.crossdistill.loss;

import java.util.List;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.loss.C2kdLoss.Logits;
import org.crossdistill.loss.C2kdLoss.Options;
import org.crossdistill.loss.C2kdLoss.Result;

/** {@link C2kdLoss} composed of LibTorch operations, with LibTorch's autograd. */
final class C2kdReference {

  private final Options options;
  private final Tensor labels; // [N]: those of the rows that are not ignored

  private C2kdReference(Options options, Tensor labels) {
    this.options = options;
    this.labels = labels;
  }

  static Result forward(Options options, Logits logits, Tensor labels, double gradScale) {
    ScalarType given = DTypes.scalarType(DTypes.of(logits.teacher()));
    ScalarType type = DTypes.scalarType(DTypes.of(logits.teacher()).accumulation());
    try (Results results = new Results();
        InferenceMode left = new InferenceMode(false)) {
      Tensor counted = Composition.countedRows(labels, logits.teacher().size(1));
      List<Tensor> leaves =
          logits.list().stream().map(matrix -> Composition.leaf(matrix, type, true)).toList();
      List<Tensor> rows = leaves.stream().map(leaf -> leaf.index_select(0, counted)).toList();
      Tensor tau = KendallTau.reference(leaves.get(2), leaves.get(3), type);
      Tensor terms =
          new C2kdReference(options, labels.index_select(0, counted))
              .terms(
                  new Logits(rows.get(0), rows.get(1), rows.get(2), rows.get(3)),
                  tau.index_select(0, counted));
      Tensor[] gradients =
          Composition.gradients(terms.sum(), gradScale, leaves.toArray(new Tensor[0]));
      return new Result(
          results.keep(terms.sum().detach()),
          results.keep(terms.detach()),
          results.keep(tau),
          new Logits(
              results.keep(gradients[0].to(given)),
              results.keep(gradients[1].to(given)),
              results.keep(gradients[2].to(given)),
              results.keep(gradients[3].to(given))));
    }
  }

  /** The eight terms: [8]. */
  private Tensor terms(Logits z, Tensor tau) {
    Tensor kept = tau.gt(new Scalar(options.krc())).to(tau.scalar_type().intern());
    TensorVector terms = new TensorVector();
    terms.push_back(crossEntropy(z.teacher()));
    terms.push_back(crossEntropy(z.student()));
    terms.push_back(mean(divergences(z.teacher(), z.proxyTeacher(), KdLoss.Target.KEPT)));
    terms.push_back(mean(divergences(z.proxyTeacher(), z.teacher(), KdLoss.Target.KEPT)));
    terms.push_back(mean(divergences(z.student(), z.proxyStudent(), KdLoss.Target.KEPT)));
    terms.push_back(mean(divergences(z.proxyStudent(), z.student(), KdLoss.Target.KEPT)));
    KdLoss.Target form = options.nonTarget();
    terms.push_back(mean(divergences(z.proxyTeacher(), z.proxyStudent(), form).mul(kept)));
    terms.push_back(mean(divergences(z.proxyStudent(), z.proxyTeacher(), form).mul(kept)));
    return torch.stack(terms);
  }

  private Tensor divergences(Tensor from, Tensor to, KdLoss.Target target) {
    return KdReference.divergences(from.detach(), to, labels, target, options.temperature());
  }

  private Tensor crossEntropy(Tensor logits) {
    return mean(logits.log_softmax(1).gather(1, labels.unsqueeze(1)).select(1, 0).neg());
  }

  private static Tensor mean(Tensor rows) {
    return rows.sum().div(new Scalar((double) Math.max(1, rows.size(0))));
  }
}
