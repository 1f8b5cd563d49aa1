package org.crossdistill.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.CrdLoss;
import org.crossdistill.loss.CrdLoss.Candidates;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.UnitEmbedding;

/**
 * CRD, contrastive representation distillation (Tian et al., ICLR 2020): a sample's student
 * embedding shall find its own teacher embedding among those of other samples, and the reverse.
 *
 * <pre>
 * g_s = unit(linear(s))   g_t = unit(linear(e))                              [B, d]
 * L = λ_id·L_id + λ·[NCE(g_t against the students' memory) + NCE(g_s against the teachers')]
 * </pre>
 *
 * <p>The memories hold one embedding a training sample.
 */
public final class Crd extends Distillation {

  /**
   * The switches.
   *
   * @param size d ≥ 1
   * @param negatives other samples a comparison, drawn with replacement, ≥ 1
   * @param temperature τ, from 0.002 to 1e9: f64 holds e^(1/τ), the largest score of unit rows
   * @param momentum of the memories, in [0, 1)
   * @param weights 1 and 0.8
   */
  public record Options(
      int size, int negatives, double temperature, double momentum, Weights weights) {

    /** d = 128, 16384 negatives, τ = 0.07, momentum 0.5, weight 0.8: the authors'. */
    public static Options defaults() {
      return new Options(128, 16384, 0.07, 0.5, new Weights(1, 0.8, 0));
    }

    /** Checks the ranges. */
    public Options {
      require(size >= 1, "size", "at least 1", size);
      require(negatives >= 1, "negatives", "at least 1", negatives);
      boolean usable = temperature >= 0.002 && temperature <= 1e9;
      require(usable, "temperature", "a number from 0.002 to 1e9", temperature);
      require(momentum >= 0 && momentum < 1, "momentum", "a number in [0, 1)", momentum);
    }

    private static void require(boolean holds, String key, String expected, Object found) {
      if (!holds) {
        throw new MethodException(key + ": expected " + expected + ", found " + found);
      }
    }
  }

  private final UnitEmbedding studentEmbedding;
  private final UnitEmbedding teacherEmbedding;
  private final CrdMemory memory;
  private final CrdLoss loss;

  /**
   * @throws MethodException if there are fewer than two training samples, or no embeddings of a
   *     teacher
   */
  public Crd(Options options, MethodContext context) {
    super("crd", options.weights(), context);
    int samples = context.samples();
    MethodContext.require(samples >= 2, "crd", "at least two training samples", samples);
    int teacherSize = context.requireTeacherEmbedding("crd");
    studentEmbedding = new UnitEmbedding(context.random(), student.embeddingSize(), options.size());
    teacherEmbedding = new UnitEmbedding(context.random(), teacherSize, options.size());
    int negatives = Math.min(options.negatives(), samples - 1);
    memory =
        new CrdMemory(context.random(), samples, options.size(), negatives, options.momentum());
    loss = new CrdLoss(options.temperature());
  }

  @Override
  Map<String, Module> helpers() {
    Map<String, Module> helpers = new LinkedHashMap<>();
    helpers.put("student-embedding", studentEmbedding);
    helpers.put("teacher-embedding", teacherEmbedding);
    helpers.put("memory", memory);
    return helpers;
  }

  /** g_s and g_t [B, d]. */
  @Override
  List<Tensor> heads(Backbone.Features student, Batch batch) {
    return List.of(
        studentEmbedding.forward(student.embedding()),
        teacherEmbedding.forward(batch.teacherEmbedding()));
  }

  @Override
  Tensor distillation(Backbone.Features student, Batch batch) {
    List<Tensor> g = heads(student, batch);
    Tensor gs = g.get(0);
    Tensor gt = g.get(1);
    CrdMemory.Draw draw = memory.draw(batch.sampleIndices());

    Tensor forTeacher = contrast(gt, memory.students(draw), CrdMemory.STUDENTS);
    Tensor forStudent = contrast(gs, memory.teachers(draw), CrdMemory.TEACHERS);

    memory.update(batch.sampleIndices(), gs, gt);
    return forStudent.add(forTeacher);
  }

  /**
   * NCE of embeddings [B, d] and what is remembered.
   *
   * @param memoryIndex whose Z is used
   */
  private Tensor contrast(Tensor embeddings, Candidates candidates, int memoryIndex) {
    int samples = memory.samples();
    double z =
        memory.normaliser(memoryIndex, () -> loss.normaliser(embeddings, candidates, samples));
    return loss.apply(embeddings, candidates, z, samples);
  }
}
