package org.crossdistill.method;

import java.util.List;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.AtLoss;
import org.crossdistill.nn.Backbone;

/**
 * Attention transfer (Zagoruyko and Komodakis, ICLR 2017): L = λ_id·L_id + λ·mean (Q_s − Q_t)² on
 * the maps in the middle of the student and of the frozen teacher, which runs in inference mode.
 */
public final class AttentionTransfer extends Distillation {

  /**
   * The switches.
   *
   * @param loss p = 2
   * @param weights 1 and 1000, as in the usual comparison (Tian et al., ICLR 2020)
   */
  public record Options(AtLoss.Options loss, Weights weights) {

    /** As compared. */
    public static Options defaults() {
      return new Options(AtLoss.Options.defaults(), new Weights(1, 1000, 0));
    }
  }

  private final Backbone teacher;
  private final AtLoss loss;

  /**
   * @throws MethodException if a network gives no maps
   */
  public AttentionTransfer(Options options, MethodContext context) {
    super("at", options.weights(), context);
    teacher = context.requireTeacher("at");
    boolean maps = student.givesMaps() && teacher.givesMaps();
    String found = student.givesMaps() ? "a teacher without" : "a student without";
    MethodContext.require(maps, "at", Need.MAPS.words(), found);
    loss = new AtLoss(options.loss());
    teacher.training(false);
  }

  @Override
  Tensor distillation(Backbone.Features student, Batch batch) {
    return loss.apply(student.middle(), heads(student, batch).get(0));
  }

  /** The teacher's maps, without a graph. */
  @Override
  List<Tensor> heads(Backbone.Features student, Batch batch) {
    try (NoGradGuard noGrad = new NoGradGuard()) {
      return List.of(teacher.features(batch.teacherInput()).middle());
    }
  }
}
