package org.crossdistill.method;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.DistLoss;
import org.crossdistill.loss.DkdLoss;
import org.crossdistill.loss.LogitLoss;
import org.crossdistill.loss.LskdLoss;
import org.crossdistill.loss.NkdLoss;
import org.crossdistill.loss.PairLoss;
import org.crossdistill.nn.Backbone;

/**
 * Rivals that compare logits: L = λ_id·L_id + λ·l(z_s, z_t) with z_s = scale·cos(s, V) without a
 * margin, since that of the identity loss would tell the label, and z_t the frozen teacher's.
 */
public final class LogitMatching extends Distillation {

  /** DKD (Zhao et al., CVPR 2022): α = 1, β = 8, T = 4, both weights 1, warm-up over 1/12. */
  public record Dkd(DkdLoss.Options loss, Weights weights) {

    /** The authors' for CIFAR-100, 20 of 240 epochs of warm-up. */
    public static Dkd defaults() {
      return new Dkd(DkdLoss.Options.defaults(), new Weights(1, 1, 1.0 / 12));
    }
  }

  /** NKD (Yang et al., ICCV 2023): T = 1, γ = 1.5, both weights 1. */
  public record Nkd(NkdLoss.Options loss, Weights weights) {

    /** The authors' for ImageNet. */
    public static Nkd defaults() {
      return new Nkd(NkdLoss.Options.defaults(), Weights.defaults());
    }
  }

  /** LSKD (Sun et al., CVPR 2024): T = 2, weights 0.1 and 9. */
  public record Lskd(LskdLoss.Options loss, Weights weights) {

    /** The authors'. */
    public static Lskd defaults() {
      return new Lskd(LskdLoss.Options.defaults(), new Weights(0.1, 9, 0));
    }
  }

  /** DIST (Huang et al., NeurIPS 2022): β = γ = T = 1, both weights 1. */
  public record Dist(DistLoss.Options loss, Weights weights) {

    /** The authors'. */
    public static Dist defaults() {
      return new Dist(DistLoss.Options.defaults(), Weights.defaults());
    }
  }

  /** l(z_s, z_t, y), differentiable. */
  private interface Term {
    Tensor of(Tensor student, Tensor teacher, Tensor labels);
  }

  private final Term term;

  private LogitMatching(String name, Term term, Weights weights, MethodContext context) {
    super(name, weights, context);
    this.term = term;
  }

  private static Term rows(LogitLoss loss) {
    return (student, teacher, labels) ->
        loss.apply(student, teacher, loss.needsLabels() ? labels : null, null);
  }

  static Method dkd(Dkd options, MethodContext context) {
    return new LogitMatching("dkd", rows(new DkdLoss(options.loss)), options.weights, context);
  }

  static Method nkd(Nkd options, MethodContext context) {
    return new LogitMatching("nkd", rows(new NkdLoss(options.loss)), options.weights, context);
  }

  static Method lskd(Lskd options, MethodContext context) {
    return new LogitMatching("lskd", rows(new LskdLoss(options.loss)), options.weights, context);
  }

  static Method dist(Dist options, MethodContext context) {
    PairLoss loss = new DistLoss(options.loss);
    Term term = (student, teacher, labels) -> loss.apply(student, teacher);
    return new LogitMatching("dist", term, options.weights, context);
  }

  /** z_s [B, C]. */
  @Override
  List<Tensor> heads(Backbone.Features student, Batch batch) {
    return List.of(logits(student.embedding()));
  }

  @Override
  Tensor distillation(Backbone.Features student, Batch batch) {
    return term.of(heads(student, batch).get(0), batch.teacherLogits(), batch.labels());
  }
}
