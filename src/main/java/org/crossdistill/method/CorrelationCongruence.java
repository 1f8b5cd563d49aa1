package org.crossdistill.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.CcLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.UnitEmbedding;

/**
 * Correlation congruence (Peng et al., ICCV 2019): L = λ_id·L_id + λ·mean_i |g_s − g_t|_i·|g_s −
 * g_t|_{i+1} with g_s, g_t linear embeddings of length 1 that train with the student.
 */
public final class CorrelationCongruence extends Distillation {

  /**
   * The switches.
   *
   * @param size of g_s and g_t, ≥ 1
   * @param weights 1 and 0.02, as in the usual comparison (Tian et al., ICLR 2020)
   */
  public record Options(int size, Weights weights) {

    /** 128, and the weights as compared. */
    public static Options defaults() {
      return new Options(128, new Weights(1, 0.02, 0));
    }

    /** Checks the size. */
    public Options {
      if (size < 1) {
        throw new MethodException("size: expected at least 1, found " + size);
      }
    }
  }

  private final UnitEmbedding studentEmbedding;
  private final UnitEmbedding teacherEmbedding;
  private final CcLoss loss = new CcLoss(CcLoss.Options.defaults());

  /**
   * @param context whose teacher says by its embeddings' size what g_t maps from
   * @throws MethodException if there are fewer than two classes, or no embeddings of a teacher
   */
  public CorrelationCongruence(Options options, MethodContext context) {
    super("cc", options.weights(), context);
    int from = student.embeddingSize();
    int teacherSize = context.requireTeacherEmbedding("cc");
    studentEmbedding = new UnitEmbedding(context.random(), from, options.size());
    teacherEmbedding = new UnitEmbedding(context.random(), teacherSize, options.size());
  }

  @Override
  Map<String, Module> helpers() {
    Map<String, Module> helpers = new LinkedHashMap<>();
    helpers.put("student-embedding", studentEmbedding);
    helpers.put("teacher-embedding", teacherEmbedding);
    return helpers;
  }

  /** g_s and g_t [B, size]. */
  @Override
  List<Tensor> heads(Backbone.Features student, Batch batch) {
    return List.of(
        studentEmbedding.forward(student.embedding()),
        teacherEmbedding.forward(batch.teacherEmbedding()));
  }

  @Override
  Tensor distillation(Backbone.Features student, Batch batch) {
    List<Tensor> g = heads(student, batch);
    return loss.apply(g.get(0), g.get(1));
  }
}
