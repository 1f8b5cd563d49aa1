package org.crossdistill.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.C2kdLoss;
import org.crossdistill.loss.C2kdLoss.Logits;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Module;
import org.crossdistill.nn.ProxyHead;

/**
 * C2KD, customised cross-modal knowledge distillation (Huo et al., CVPR 2024): the teacher, trained
 * before, goes on training; a proxy on the middle of each network carries what crosses.
 *
 * <pre>
 * z_t = scale·cos(T(x_t), V_t)      u_t = PT(middle of T)                    [B, C]
 * z_s = scale·cos(S(x_s), V)        u_s = PS(middle of S)                    [B, C]
 * L = CE(z_t, y) + CE(z_s, y)
 *   + KL(sg z_t ‖ u_t) + KL(sg u_t ‖ z_t)
 *   + KL(sg z_s ‖ u_s) + KL(sg u_s ‖ z_s)
 *   + 1/B·Σ m·KLn(sg u_t ‖ u_s) + 1/B·Σ m·KLn(sg u_s ‖ u_t)
 * m = [τ(u_t, u_s) > krc]
 * </pre>
 *
 * <p>Cosine logits without a margin are those of all methods here; the authors' are linear. The
 * features go into the proxies undetached. Inference needs the student alone.
 */
public final class C2kd implements Method {

  private static final List<String> TERMS =
      List.of(
          "ce-teacher",
          "ce-student",
          "teacher-to-proxy",
          "proxy-to-teacher",
          "student-to-proxy",
          "proxy-to-student",
          "proxy-teacher-to-proxy-student",
          "proxy-student-to-proxy-teacher");

  private final C2kdOptions options;
  private final Backbone teacher;
  private final Backbone student;
  private final Classifier teacherClassifier;
  private final Classifier classifier;
  private final ProxyHead proxyTeacher;
  private final ProxyHead proxyStudent;
  private final C2kdLoss loss;
  private final double scale;

  /**
   * @throws MethodException if there is no teacher that can be trained, or one of other classes
   */
  public C2kd(C2kdOptions options, MethodContext context) {
    context.requireClasses("c2kd");
    this.options = options;
    teacher = context.requireTeacher("c2kd");
    student = context.student();
    teacherClassifier = context.teacher().classifier();
    int classes = context.classes();
    classifier = new Classifier(context.random(), classes, student.embeddingSize());
    proxyTeacher = new ProxyHead(context.random(), teacher.middleSize(), classes);
    proxyStudent = new ProxyHead(context.random(), student.middleSize(), classes);
    loss = new C2kdLoss(options.loss());
    scale = context.identityLoss().scale();
  }

  @Override
  public Backbone student() {
    return student;
  }

  @Override
  public Classifier classifier() {
    return classifier;
  }

  /** The teacher as it is after the training. */
  @Override
  public Optional<SingleModal> other() {
    return Optional.of(new SingleModal(teacher, teacherClassifier));
  }

  @Override
  public Map<String, Module> networks() {
    Map<String, Module> networks = new LinkedHashMap<>();
    networks.put("student", student);
    networks.put("classifier", classifier);
    networks.put("proxy-student", proxyStudent);
    networks.put("teacher", teacher);
    networks.put("teacher-classifier", teacherClassifier);
    networks.put("proxy-teacher", proxyTeacher);
    return networks;
  }

  @Override
  public List<ParameterGroup> parameterGroups() {
    Map<String, Module> others = networks();
    Map<String, Module> pretrained = new LinkedHashMap<>();
    for (String name : List.of("teacher", "teacher-classifier")) {
      pretrained.put(name, others.remove(name));
    }
    return List.of(
        ParameterGroup.of(others, 1), ParameterGroup.of(pretrained, options.teacherLearningRate()));
  }

  @Override
  public List<Tensor> outputs(Batch batch) {
    Logits z = logits(batch);
    return List.of(z.teacher(), z.student(), z.proxyTeacher(), z.proxyStudent());
  }

  @Override
  public Objective step(Batch batch) {
    Logits z = logits(batch);
    var result = loss.forward(z, batch.labels(), 1);

    Objective objective = new Objective();
    for (int i = 0; i < TERMS.size(); i++) {
      objective.term(TERMS.get(i), result.terms().select(0, i));
    }
    Agreement agreement = agreement(result.tau());
    return objective
        .term("tau", agreement.tau().nan_to_num().mean())
        .term("kept", agreement.kept().to(torch.ScalarType.Float).mean())
        .gradient(z.teacher(), result.gradients().teacher())
        .gradient(z.student(), result.gradients().student())
        .gradient(z.proxyTeacher(), result.gradients().proxyTeacher())
        .gradient(z.proxyStudent(), result.gradients().proxyStudent());
  }

  /**
   * How far the two sides agree on each row of a batch, and which rows are therefore kept (OFSD).
   *
   * @param tau τ of u_t and u_s, [B]; NaN for a constant row
   * @param kept m = [τ > krc], [B], bool
   */
  public record Agreement(Tensor tau, Tensor kept) {}

  /** The selection that a step with this batch makes; nothing is trained. */
  public Agreement agreement(Batch batch) {
    return agreement(loss.forward(logits(batch), batch.labels(), 1).tau());
  }

  private Agreement agreement(Tensor tau) {
    return new Agreement(tau, tau.gt(new Scalar(options.loss().krc())));
  }

  /** z_t, z_s, u_t and u_s of a batch. */
  Logits logits(Batch batch) {
    Backbone.Features t = teacher.features(batch.teacherInput());
    Backbone.Features s = student.features(batch.studentInput());
    return new Logits(
        teacherClassifier.forward(t.embedding()).mul(new Scalar(scale)),
        classifier.forward(s.embedding()).mul(new Scalar(scale)),
        proxyTeacher.forward(t.middle()),
        proxyStudent.forward(s.middle()));
  }
}
