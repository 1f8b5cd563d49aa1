package org.crossdistill.method;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Module;

/**
 * A student under its identity loss and one distillation term, L = λ_id·L_id + λ·L_distil. A
 * subclass says what the term is, and which networks it needs beside the student.
 */
abstract class Distillation extends IdentityMethod {

  private final Weights weights;

  Distillation(String name, Weights weights, MethodContext context) {
    super(context, new MarginClassifierLoss(context.identityLoss()));
    context.requireClasses(name);
    this.weights = weights;
  }

  /**
   * L_distil.
   *
   * @param student what the student makes of the batch
   * @return a single number, differentiable
   */
  abstract Tensor distillation(Backbone.Features student, Batch batch);

  /** The networks that train with the student, by name; none unless a method has some. */
  Map<String, Module> helpers() {
    return Map.of();
  }

  /**
   * What the term compares beside embeddings: made of a batch by helpers, classifier or teacher.
   */
  List<Tensor> heads(Backbone.Features student, Batch batch) {
    return List.of();
  }

  @Override
  public final List<Tensor> outputs(Batch batch) {
    Backbone.Features features = student.features(batch.studentInput());
    List<Tensor> outputs = new ArrayList<>(heads(features, batch));
    outputs.add(features.embedding());
    return outputs;
  }

  final Weights weights() {
    return weights;
  }

  @Override
  public final Map<String, Module> networks() {
    Map<String, Module> networks = super.networks();
    networks.putAll(helpers());
    return networks;
  }

  @Override
  public final Objective step(Batch batch) {
    Backbone.Features features = student.features(batch.studentInput());
    Tensor s = features.embedding(); // [B, D]
    Tensor v = classifier.weight(); // [C, D]

    var identity =
        identityLoss.forward(v, List.of(new RowSet(s, batch.labels(), null, weights.identity())));

    return new Objective()
        .term("identity", identity.loss())
        .gradient(s, identity.gradEmbeddings())
        .gradient(v, identity.gradClassifier())
        .add(
            "distillation",
            weights.distillationAt(batch.progress()),
            distillation(features, batch));
  }
}
