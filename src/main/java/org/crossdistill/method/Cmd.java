package org.crossdistill.method;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.crossdistill.loss.QualityWeighting;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.method.CmdOptions.ClassifierMode;
import org.crossdistill.method.CmdOptions.Head;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.ProjectionHead;

/**
 * CMD, cross-modal distillation for widely differing modalities: it implements the idea published
 * in Zhao et al., arXiv 2507.16296 — a projection head on a frozen teacher, a soft (margin)
 * constraint on the features, a classifier that both modalities share, and weights by sample
 * quality. Sizes, the weights' formula and the classifier modes are ours.
 *
 * <pre>
 * s = student(x)                        the student's embedding               [B, D]
 * t = head(e)                           the projected teacher embedding       [B, D]
 * w = quality(|s|, |e|)                 weights of the distillation terms     [B]
 * L_id = mean l(s, y; V)                identity loss of the student, l = margin classifier loss
 * L_f = mean w·max(0, d(s, t) − m)      soft-margin feature loss
 * L_c = mean w·l(s, y; V')              the student's quality-weighted term
 * L_t = mean l(t, y; V')                the teacher's term
 * L = L_id + λ_f·L_f + λ_c·L_c + λ_t·L_t
 * </pre>
 *
 * <p>V' = V is the one shared matrix ({@code joint}), the teacher's own fixed one ({@code frozen})
 * or a second shared one ({@code separate}). Inference needs the student alone.
 */
public final class Cmd extends IdentityMethod {

  private static final Set<SoftMarginFeatureLoss.Output> FEATURE_OUTPUTS =
      EnumSet.of(
          SoftMarginFeatureLoss.Output.DISTANCES,
          SoftMarginFeatureLoss.Output.GRAD_STUDENT,
          SoftMarginFeatureLoss.Output.GRAD_TEACHER);
  private static final Set<MarginClassifierLoss.Output> CLASSIFIER_OUTPUTS =
      EnumSet.of(
          MarginClassifierLoss.Output.ROWS,
          MarginClassifierLoss.Output.GRAD_EMBEDDINGS,
          MarginClassifierLoss.Output.GRAD_CLASSIFIER);

  private final CmdOptions options;
  private final Layer head;
  private final Classifier sharedClassifier;
  private final QualityState quality;
  private final SoftMarginFeatureLoss featureLoss;
  private final boolean weightedMean;

  /**
   * @throws MethodException if the options need something that the context does not hold
   */
  public Cmd(CmdOptions options, MethodContext context) {
    // Weighted means are formed below, since terms with and without weights share a call.
    super(context, new MarginClassifierLoss(unweighted(context.identityLoss())));
    this.options = options;
    head = head(options, context);
    sharedClassifier = sharedClassifier(options, context);
    quality = new QualityState(options.qualityWeights());
    featureLoss = new SoftMarginFeatureLoss(options.featureMargin());
    weightedMean = context.identityLoss().reduction() == Reduction.WEIGHTED_MEAN;
  }

  private static MarginClassifierLoss.Options unweighted(MarginClassifierLoss.Options loss) {
    Reduction reduction = loss.reduction() == Reduction.SUM ? Reduction.SUM : Reduction.MEAN;
    return new MarginClassifierLoss.Options(
        loss.kind(), loss.scale(), loss.margin(), loss.easyMargin(), reduction);
  }

  private static Layer head(CmdOptions options, MethodContext context) {
    int size = context.student().embeddingSize();
    int teacherSize = context.requireTeacherEmbedding("cmd");
    if (options.head() == Head.BOTTLENECK) {
      return new ProjectionHead(context.random(), teacherSize, size);
    }
    if (teacherSize != size) {
      throw new MethodException(
          "cmd: head = \"none\" needs teacher and student embeddings of one size, found "
              + teacherSize
              + " and "
              + size);
    }
    return null;
  }

  private Classifier sharedClassifier(CmdOptions options, MethodContext context) {
    return switch (options.classifier()) {
      case JOINT -> classifier;
      case SEPARATE -> new Classifier(context.random(), context.classes(), student.embeddingSize());
      case FROZEN -> {
        if (context.teacher().classifier() == null) {
          throw new MethodException(
              "cmd: classifier = \"frozen\" needs a teacher with a classifier");
        }
        context.teacher().classifier().freeze();
        yield context.teacher().classifier();
      }
    };
  }

  @Override
  public Map<String, Module> networks() {
    Map<String, Module> networks = super.networks();
    if (options.classifier() != ClassifierMode.JOINT) {
      networks.put("shared-classifier", sharedClassifier);
    }
    if (head != null) {
      networks.put("head", head);
    }
    networks.put("quality", quality);
    return networks;
  }

  @Override
  public List<ParameterGroup> parameterGroups() {
    Map<String, Module> atFullRate = networks();
    atFullRate.remove("head");
    if (options.classifier() == ClassifierMode.FROZEN) {
      atFullRate.remove("shared-classifier");
    }
    List<ParameterGroup> groups = new ArrayList<>();
    groups.add(ParameterGroup.of(atFullRate, 1));
    if (head != null) {
      groups.add(ParameterGroup.of(Map.of("head", head), options.headLearningRate()));
    }
    return groups;
  }

  @Override
  public Optional<Tensor> project(Tensor teacherEmbedding) {
    return Optional.of(head == null ? teacherEmbedding : head.forward(teacherEmbedding));
  }

  @Override
  public List<Tensor> outputs(Batch batch) {
    Tensor s = student.forward(batch.studentInput());
    Tensor t = project(batch.teacherEmbedding()).orElseThrow();
    return List.of(s, t);
  }

  @Override
  public Objective step(Batch batch) {
    Tensor e = batch.teacherEmbedding(); // [B, D_t]
    Tensor s = student.forward(batch.studentInput()); // [B, D]
    Tensor t = project(e).orElseThrow(); // [B, D]
    RowLabels labels = RowLabels.of(batch, s.size(0), options.unlabelled());
    Classified classified =
        hasNormsAtHand(batch)
            ? classifyAndWeigh(s, t, labels)
            : classify(s, t, quality.weights(s, e, batch), labels);
    Tensor w = classified.weights; // [B]
    Objective objective = new Objective();
    featureTerm(objective, s, t, w, options.lambdaF(batch.progress()));
    classifierTerms(objective, s, t, classified, labels);
    return objective.term("weight", w.mean());
  }

  /**
   * The quality weights of a batch's rows; in inference mode they leave the running statistics, of
   * which there must be some, as they are. A step without a head sums the squares of its norms in
   * double, so that its weights may differ in the last digits.
   *
   * @param batch of which the student's input [B, …] and the teacher's embedding [B, D_t] are
   *     needed, f32 both; a measured quality [B], f32, stands in for a side's norms
   * @return w [B], f32, without gradient
   * @throws NonFiniteException if an embedding whose norm counts is not finite
   * @throws org.crossdistill.loss.TensorException if a measured quality is wrong, or in inference
   *     mode before any batch in training mode
   * @throws org.crossdistill.nn.NetworkException in training mode, if a batch norm gets a single
   *     row or dropout was given no randomness
   */
  public Tensor weights(Batch batch) {
    Tensor s = student.forward(batch.studentInput());
    return quality.weights(s, batch.teacherEmbedding(), batch);
  }

  private void featureTerm(Objective objective, Tensor s, Tensor t, Tensor w, double lambdaF) {
    var feature = featureLoss.forward(s, t, w, lambdaF, FEATURE_OUTPUTS);
    objective
        .term("feature", feature.loss())
        .term("distance", feature.distances().mean())
        .gradient(s, feature.gradStudent());
    if (!options.stopFeatureGradient()) {
      objective.gradient(t, feature.gradTeacher());
    }
  }

  /**
   * L_id, L_c and L_t. Terms with the same rows and the same matrix are one set of rows.
   *
   * @param weights w [B]
   * @param identityOrNull L_id, where V' is another matrix than V
   * @param shared the student's rows and the teacher's, with V'
   */
  private record Classified(
      Tensor weights,
      MarginClassifierLoss.Result identityOrNull,
      MarginClassifierLoss.Result shared) {

    Tensor identityRows() {
      return (identityOrNull == null ? shared : identityOrNull).rows();
    }
  }

  /** Whether the pass over the classified rows can make w: their norms make it, row by row. */
  private boolean hasNormsAtHand(Batch batch) {
    return head == null && !weightedMean && QualityState.isByNorms(batch);
  }

  private Classified classifyAndWeigh(Tensor s, Tensor t, RowLabels labels) {
    QualityWeighting weighting = quality.weighting(isJoint() ? 1 : 0, options.lambdaC());
    RowSet student = new RowSet(s, labels.all(), labels.confidenceOrNull(), 1);
    List<RowSet> sets = List.of(student, teacherRows(t, labels));
    var shared =
        QualityState.requireFinite(s, t, () -> classify(sharedClassifier, sets, weighting));
    return new Classified(shared.qualityWeights(), identityOrNull(s, labels), shared);
  }

  private Classified classify(Tensor s, Tensor t, Tensor w, RowLabels labels) {
    RowSet student = new RowSet(s, labels.all(), studentWeights(w, labels), 1);
    var shared = classify(sharedClassifier, List.of(student, teacherRows(t, labels)), null);
    return new Classified(w, identityOrNull(s, labels), shared);
  }

  private boolean isJoint() {
    return options.classifier() == ClassifierMode.JOINT;
  }

  private RowSet teacherRows(Tensor t, RowLabels labels) {
    return new RowSet(t, labels.known(), null, options.lambdaT());
  }

  private MarginClassifierLoss.Result identityOrNull(Tensor s, RowLabels labels) {
    RowSet student = new RowSet(s, labels.all(), labels.confidenceOrNull(), 1);
    return isJoint() ? null : classify(classifier, List.of(student), null);
  }

  private MarginClassifierLoss.Result classify(
      Classifier matrix, List<RowSet> sets, QualityWeighting weightingOrNull) {
    return identityLoss.forward(matrix.weight(), null, sets, weightingOrNull, CLASSIFIER_OUTPUTS);
  }

  /** Of the student's rows with V': λ_c·w, and 1 for L_id where that is one with V. */
  private Tensor studentWeights(Tensor w, RowLabels labels) {
    Tensor weighted = labels.weighted(w, weightedMean).mul(new Scalar(options.lambdaC()));
    if (!isJoint()) {
      return weighted;
    }
    Tensor confidence = labels.confidenceOrNull();
    return confidence == null ? weighted.add(new Scalar(1)) : confidence.add(weighted);
  }

  private void classifierTerms(
      Objective objective, Tensor s, Tensor t, Classified classified, RowLabels labels) {
    MarginClassifierLoss.Result identity = classified.identityOrNull;
    if (identity != null) {
      objective
          .gradient(s, identity.gradEmbeddings())
          .gradient(classifier.weight(), identity.gradClassifier());
    }
    MarginClassifierLoss.SetResult teacher = classified.shared.sets().get(1);
    objective
        .gradient(s, classified.shared.gradEmbeddings())
        .gradient(t, teacher.gradEmbeddings())
        .gradient(sharedClassifier.weight(), classified.shared.gradClassifier())
        .term("identity", labels.mean(classified.identityRows()))
        .term("teacher", teacher.loss());
  }
}
