package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.HintLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Linear;
import org.crossdistill.nn.Module;

/**
 * FitNets (Romero et al., ICLR 2015), the hard constraint on features: L = λ_id·L_id + λ·mean (r(s)
 * − e)² with a linear regressor r that trains with the student, s and e the embeddings.
 */
public final class FitNets extends Distillation {

  /**
   * The switches.
   *
   * @param weights 1 and 100, as in the usual comparison (Tian et al., ICLR 2020)
   */
  public record Options(Weights weights) {

    /** As compared. */
    public static Options defaults() {
      return new Options(new Weights(1, 100, 0));
    }
  }

  private final Linear regressor;
  private final HintLoss loss = new HintLoss(HintLoss.Options.defaults());

  /**
   * @param context whose teacher says by its embeddings' size what the regressor maps to
   * @throws MethodException if there are fewer than two classes, or no embeddings of a teacher
   */
  public FitNets(Options options, MethodContext context) {
    super("fitnets", options.weights(), context);
    int size = student.embeddingSize();
    regressor = Linear.withBias(context.random(), size, context.requireTeacherEmbedding("fitnets"));
  }

  @Override
  Map<String, Module> helpers() {
    return Map.of("regressor", regressor);
  }

  /** r(s) [B, D_t]. */
  @Override
  List<Tensor> heads(Backbone.Features student, Batch batch) {
    return List.of(regressor.forward(student.embedding()));
  }

  @Override
  Tensor distillation(Backbone.Features student, Batch batch) {
    return loss.apply(heads(student, batch).get(0), batch.teacherEmbedding());
  }
}
