package org.crossdistill.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Module;

/** What many methods share: a student that is trained with an identity loss of its own. */
abstract class IdentityMethod implements Method {

  final Backbone student;
  final Classifier classifier;
  final MarginClassifierLoss identityLoss;
  private final double scale;

  IdentityMethod(MethodContext context, MarginClassifierLoss identityLoss) {
    this.student = context.student();
    this.classifier = new Classifier(context.random(), context.classes(), student.embeddingSize());
    this.identityLoss = identityLoss;
    this.scale = context.identityLoss().scale();
  }

  /** z_s = scale·cos(s, V): the student's logits [B, C], without a margin. */
  final Tensor logits(Tensor embedding) {
    return classifier.forward(embedding).mul(new Scalar(scale));
  }

  @Override
  public final Backbone student() {
    return student;
  }

  @Override
  public final Classifier classifier() {
    return classifier;
  }

  @Override
  public Map<String, Module> networks() {
    Map<String, Module> networks = new LinkedHashMap<>();
    networks.put("student", student);
    networks.put("classifier", classifier);
    return networks;
  }

  @Override
  public List<ParameterGroup> parameterGroups() {
    return List.of(ParameterGroup.of(networks(), 1));
  }
}
