package org.crossdistill.method;

import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.PktLoss;
import org.crossdistill.loss.RelationalLoss;
import org.crossdistill.loss.RkdLoss;
import org.crossdistill.loss.SpLoss;
import org.crossdistill.nn.Backbone;

/**
 * Rivals that compare how the samples of a batch relate to each other: L = λ_id·L_id + λ·l(s, e)
 * with the embeddings s of the student and e of the frozen teacher, which may differ in size. The
 * weights are those of the usual comparison of distillation methods (Tian et al., ICLR 2020).
 */
public final class RelationMatching extends Distillation {

  /** RKD (Park et al., CVPR 2019): 25 on distances, 50 on angles, both weights 1. */
  public record Rkd(RkdLoss.Options loss, Weights weights) {

    /** Distances and angles together. */
    public static Rkd defaults() {
      return new Rkd(RkdLoss.Options.defaults(), Weights.defaults());
    }
  }

  /** SP (Tung and Mori, ICCV 2019): weight 3000. */
  public record Sp(Weights weights) {

    /** As compared. */
    public static Sp defaults() {
      return new Sp(new Weights(1, 3000, 0));
    }
  }

  /** PKT (Passalis and Tefas, ECCV 2018): weight 30000, since the loss is a mean over B². */
  public record Pkt(Weights weights) {

    /** As compared. */
    public static Pkt defaults() {
      return new Pkt(new Weights(1, 30000, 0));
    }
  }

  private final RelationalLoss loss;

  private RelationMatching(
      String name, RelationalLoss loss, Weights weights, MethodContext context) {
    super(name, weights, context);
    this.loss = loss;
  }

  static Method rkd(Rkd options, MethodContext context) {
    return new RelationMatching("rkd", new RkdLoss(options.loss), options.weights, context);
  }

  static Method sp(Sp options, MethodContext context) {
    SpLoss loss = new SpLoss(SpLoss.Options.defaults());
    return new RelationMatching("sp", loss, options.weights, context);
  }

  static Method pkt(Pkt options, MethodContext context) {
    PktLoss loss = new PktLoss(PktLoss.Options.defaults());
    return new RelationMatching("pkt", loss, options.weights, context);
  }

  @Override
  Tensor distillation(Backbone.Features student, Batch batch) {
    return loss.apply(student.embedding(), batch.teacherEmbedding());
  }
}
