package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.loss.MarginClassifierLoss.Kind;
import org.crossdistill.loss.MarginClassifierLoss.Options;
import org.crossdistill.loss.MarginClassifierLoss.Output;
import org.crossdistill.loss.MarginClassifierLoss.Result;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.crossdistill.loss.MarginClassifierLoss.SetResult;

/**
 * {@link MarginClassifierLoss} composed of LibTorch operations, with LibTorch's autograd. Holds B×C
 * logits several times over.
 */
final class MarginClassifierReference {

  private final Options options;
  private final Set<Output> outputs;
  private final ScalarType given;
  private final ScalarType type;
  private final Tensor classifier;
  private final Tensor biasOrNull;

  /** One row set's part: B rows, of which N are not ignored. */
  private record Part(
      Tensor loss, Tensor rows, Tensor hits, Tensor embeddings, Tensor weights, double gradScale) {}

  private MarginClassifierReference(
      Options options, Tensor classifier, Tensor biasOrNull, Set<Output> outputs) {
    this.options = options;
    this.outputs = outputs;
    this.given = DTypes.scalarType(DTypes.of(classifier));
    this.type = DTypes.scalarType(DTypes.of(classifier).accumulation());
    this.classifier = Composition.leaf(classifier, type, outputs.contains(Output.GRAD_CLASSIFIER));
    this.biasOrNull =
        biasOrNull == null
            ? null
            : Composition.leaf(biasOrNull, type, outputs.contains(Output.GRAD_BIAS));
  }

  /** Arguments as in {@link MarginClassifierLoss#forward}, checked but for the values. */
  static Result forward(
      Options options,
      Tensor classifier,
      Tensor biasOrNull,
      List<RowSet> rowSets,
      QualityWeighting weightingOrNull,
      Set<Output> outputs) {
    try (Results results = new Results()) {
      if (weightingOrNull == null) {
        return forward(options, classifier, biasOrNull, rowSets, outputs, null, results);
      }
      Tensor statistics = weightingOrNull.quality().statistics();
      Tensor before = statistics.clone();
      Tensor w = weightingOrNull.composed(rowSets);
      List<RowSet> weighed = weightingOrNull.weigh(rowSets, w);
      try {
        return forward(options, classifier, biasOrNull, weighed, outputs, w, results);
      } catch (TensorException refused) {
        statistics.copy_(before);
        throw refused;
      }
    }
  }

  private static Result forward(
      Options options,
      Tensor classifier,
      Tensor biasOrNull,
      List<RowSet> rowSets,
      Set<Output> outputs,
      Tensor qualityWeightsOrNull,
      Results results) {
    try (InferenceMode left = new InferenceMode(false)) {
      return new MarginClassifierReference(options, classifier, biasOrNull, outputs)
          .compute(rowSets, qualityWeightsOrNull, results);
    }
  }

  private Result compute(List<RowSet> rowSets, Tensor qualityWeightsOrNull, Results results) {
    List<Part> parts = rowSets.stream().map(this::part).toList();
    List<Tensor> leaves = new ArrayList<>();
    Tensor total = classifier.new_zeros();
    for (Part part : parts) {
      leaves.add(part.embeddings);
      leaves.add(part.weights);
      total = total.add(part.loss.mul(new Scalar(part.gradScale)));
    }
    leaves.add(classifier);
    if (biasOrNull != null) {
      leaves.add(biasOrNull);
    }
    Tensor[] gradients = Composition.gradients(total, 1, leaves.toArray(new Tensor[0]));
    List<SetResult> sets = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      sets.add(result(parts.get(i), gradients[2 * i], gradients[2 * i + 1], results));
    }
    int next = 2 * parts.size();
    Tensor gradBias = biasOrNull == null ? null : gradients[next + 1];
    return new Result(
        sets,
        results.keep(Composition.as(given, gradients[next])),
        results.keep(Composition.as(given, gradBias)),
        results.keep(qualityWeightsOrNull));
  }

  private SetResult result(Part part, Tensor gradEmbeddings, Tensor gradWeights, Results results) {
    return new SetResult(
        results.keep(part.loss.detach()),
        outputs.contains(Output.ROWS) ? results.keep(part.rows.detach()) : null,
        outputs.contains(Output.HITS) ? results.keep(part.hits.detach()) : null,
        results.keep(Composition.as(given, gradEmbeddings)),
        results.keep(Composition.as(type, gradWeights)));
  }

  private Part part(RowSet set) {
    Tensor embeddings =
        Composition.leaf(set.embeddings(), type, outputs.contains(Output.GRAD_EMBEDDINGS));
    boolean weightsGradient = outputs.contains(Output.GRAD_WEIGHTS);
    Tensor weights =
        Composition.weights(set.weightsOrNull(), set.embeddings(), type, weightsGradient);
    // Ignored rows are left out altogether: nothing of theirs, not even NaN, may reach the rest.
    Tensor counted = Composition.countedRows(set.labels(), classifier.size(0));
    Tensor labels = set.labels().index_select(0, counted);
    Tensor scores = scores(embeddings.index_select(0, counted));
    Tensor logits = logits(scores, embeddings.index_select(0, counted), labels);
    Tensor losses = logits.logsumexp(1).sub(Softmaxes.target(logits, labels));
    Tensor loss = Composition.reduce(losses, weights.index_select(0, counted), options.reduction());
    Tensor zeros = torch.zeros_like(weights.detach());
    Tensor hits = argMax(scores).eq(labels).to(type);
    return new Part(
        loss,
        zeros.index_copy(0, counted, losses),
        zeros.index_copy(0, counted, hits).to(ScalarType.Bool),
        embeddings,
        weights,
        set.gradScale());
  }

  /** What the arg-max is taken of, [N, C]: cosines, or for the soft-max plain logits. */
  private Tensor scores(Tensor embeddings) {
    if (options.kind() == Kind.SOFTMAX) {
      Tensor products = embeddings.matmul(classifier.t());
      return biasOrNull == null ? products : products.add(biasOrNull);
    }
    Tensor cosines =
        Composition.normalized(embeddings).matmul(Composition.normalized(classifier).t());
    return cosines.clamp(new ScalarOptional(new Scalar(-1.0)), new ScalarOptional(new Scalar(1.0)));
  }

  private Tensor logits(Tensor scores, Tensor embeddings, Tensor labels) {
    if (options.kind() == Kind.SOFTMAX) {
      return scores;
    }
    Tensor cosines = Softmaxes.target(scores, labels);
    Tensor withMargin =
        switch (options.kind()) {
          case AAM -> additiveAngular(cosines, embeddings, labels);
          case AM -> cosines.sub(new Scalar(options.margin()));
          default -> cosines;
        };
    return scores
        .scatter(1, labels.unsqueeze(1), withMargin.unsqueeze(1))
        .mul(new Scalar(options.scale()));
  }

  /** cos(θ + m) [N], or what stands for it where θ + m leaves its range. */
  private Tensor additiveAngular(Tensor cosines, Tensor embeddings, Tensor labels) {
    double margin = options.margin();
    Tensor sines = sines(embeddings, labels);
    Tensor shifted =
        cosines.mul(new Scalar(Math.cos(margin))).sub(sines.mul(new Scalar(Math.sin(margin))));
    if (options.easyMargin()) {
      return torch.where(cosines.gt(new Scalar(0.0)), shifted, cosines);
    }
    Tensor beyond = cosines.sub(new Scalar(margin * Math.sin(Math.PI - margin)));
    return torch.where(cosines.gt(new Scalar(Math.cos(Math.PI - margin))), shifted, beyond);
  }

  /**
   * sin θ [N] from e = ‖ẑ − v̂‖ as e·√(1 − e²/4): its derivative holds at small angles, too. 1
   * where ẑ or v̂ is 0.
   */
  private Tensor sines(Tensor embeddings, Tensor labels) {
    Tensor z = Composition.normalized(embeddings);
    Tensor v = Composition.normalized(classifier.index_select(0, labels));
    Tensor e = Composition.norms(z.sub(v));
    // Far below any rounding; keeps the root's derivative finite at θ = π.
    Tensor rest =
        e.square().mul(new Scalar(-0.25)).add(new Scalar(1.0)).clamp_min(new Scalar(1e-30));
    Tensor noAngle =
        Composition.norms(z)
            .eq(new Scalar(0.0))
            .logical_or(Composition.norms(v).eq(new Scalar(0.0)));
    return e.mul(rest.sqrt()).masked_fill(noAngle, new Scalar(1.0));
  }

  private static Tensor argMax(Tensor matrix) {
    return matrix.argmax(new LongOptional(1), false);
  }
}
