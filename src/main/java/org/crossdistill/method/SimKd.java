package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.HintLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.Projector;

/**
 * SimKD (Chen et al., CVPR 2022): the student learns the teacher's embedding alone and is then read
 * through the teacher's own, frozen classifier.
 *
 * <pre>
 * p = projector(S(x))       L = mean (p − e)²       inference: cos(p, V_t)
 * </pre>
 *
 * <p>The projector is linear, batch norm, ReLU, linear, batch norm; the published one ends in a
 * ReLU, which fits teachers whose embeddings are never negative.
 */
public final class SimKd implements Method {

  /**
   * The switches.
   *
   * @param weight of the loss, ≥ 0
   */
  public record Options(double weight) {

    /** 1, the authors'. */
    public static Options defaults() {
      return new Options(1);
    }

    /** Checks the range. */
    public Options {
      Weights.requireFactor("weight", weight);
    }
  }

  /** The student with its projector: what embeds a sample in inference. */
  static final class Projected extends Backbone {

    private final Backbone backbone;
    private final Projector projector;
    private final int embeddingSize;

    Projected(RandomGenerator random, Backbone backbone, int embeddingSize) {
      this.backbone = child("backbone", backbone);
      projector =
          child("projector", new Projector(random, backbone.embeddingSize(), embeddingSize));
      this.embeddingSize = embeddingSize;
    }

    @Override
    public int embeddingSize() {
      return embeddingSize;
    }

    @Override
    public Tensor forward(Tensor input) {
      return projector.forward(backbone.forward(input));
    }
  }

  private final Options options;
  private final Projected student;
  private final Classifier classifier;
  private final HintLoss loss = new HintLoss(HintLoss.Options.defaults());

  /**
   * @throws MethodException if the teacher has no embeddings or no classifier, or one of other
   *     classes
   */
  public SimKd(Options options, MethodContext context) {
    this.options = options;
    context.requireClasses("simkd");
    classifier = context.requireTeacherClassifier("simkd");
    classifier.freeze();
    int size = context.requireTeacherEmbedding("simkd");
    student = new Projected(context.random(), context.student(), size);
  }

  /** The networks of a saved model. */
  static SingleModal model(ModelShape shape, RandomGenerator random) {
    int size = shape.embeddingSize();
    Backbone projected = new Projected(random, shape.student().apply(random), size);
    return new SingleModal(projected, new Classifier(random, shape.classes(), size));
  }

  @Override
  public Backbone student() {
    return student;
  }

  @Override
  public Classifier classifier() {
    return classifier;
  }

  @Override
  public Map<String, Module> networks() {
    return Map.of("student", student, "classifier", classifier);
  }

  @Override
  public List<ParameterGroup> parameterGroups() {
    return List.of(ParameterGroup.of(Map.of("student", student), 1));
  }

  @Override
  public Objective step(Batch batch) {
    Tensor p = student.forward(batch.studentInput()); // [B, D_t]
    Tensor e = batch.teacherEmbedding(); // [B, D_t]

    return new Objective().add("feature", options.weight(), loss.apply(p, e));
  }
}
