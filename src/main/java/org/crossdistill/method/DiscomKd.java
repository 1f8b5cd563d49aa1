package org.crossdistill.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.DiscomKdLoss;
import org.crossdistill.loss.DiscomKdLoss.Head;
import org.crossdistill.loss.DiscomKdLoss.Heads;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.method.MethodContext.Encoders;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Layer;
import org.crossdistill.nn.Linear;
import org.crossdistill.nn.Module;

/**
 * DisCoM-KD, disentanglement with adversarial learning (Ienco and Dantas, BMVC 2024, <a
 * href="https://arxiv.org/abs/2408.07080">arXiv:2408.07080</a>): no teacher and no student; one
 * training gives a classifier of each modality. The other modality is 1, the student's is 2.
 *
 * <pre>
 * inv_m, inf_m, irr_m = encoders_m(x_m)                                      [B_m, D]
 * L_CL   = CE(task_m([inv_m; inf_m]), y_m)
 * L_AUX  = CE(auxiliary(inv), y) + CE(auxiliary(inf), y)
 * L_ADV  = CE(adversarial(reverse(inv)), m)
 * L_MOD  = CE(domain_informative(inf), m) with CE(domain_irrelevant(irr), m)
 * L_perp = cos(inf, irr) + cos(inf, inv)
 * L = L_CL + λ_aux·L_AUX + λ_adv·L_ADV + λ_mod·L_MOD + λ_perp·L_perp
 * </pre>
 *
 * <p>Inference for modality m: task_m([inv_m; inf_m]).
 */
public final class DiscomKd implements Method {

  private static final int DOMAINS = 2;

  private final DiscomKdOptions options;
  private final DisentangledEncoder encoder1;
  private final DisentangledEncoder encoder2;
  private final Linear task1;
  private final Linear task2;
  private final Linear auxiliary;
  private final Linear adversarial;
  private final Linear domainInformative;
  private final Linear domainIrrelevant;
  private final DiscomKdLoss loss;

  /**
   * @throws MethodException if the context cannot make backbones of both modalities
   */
  public DiscomKd(DiscomKdOptions options, MethodContext context) {
    this.options = options;
    context.requireClasses("discom-kd");
    Encoders encoders = context.encoders();
    MethodContext.require(encoders != null, "discom-kd", Need.OTHER_INPUT.words(), "none");
    RandomGenerator random = context.random();
    int size = options.size();
    int classes = context.classes();
    encoder1 = new DisentangledEncoder(random, encoders.teacher(), size);
    encoder2 = new DisentangledEncoder(random, encoders.student(), size);
    task1 = Linear.withBias(random, 2 * size, classes);
    task2 = Linear.withBias(random, 2 * size, classes);
    auxiliary = Linear.withBias(random, size, classes);
    adversarial = Linear.withBias(random, size, DOMAINS);
    domainInformative = Linear.withBias(random, size, DOMAINS);
    domainIrrelevant = Linear.withBias(random, size, DOMAINS);
    loss = new DiscomKdLoss(options.loss());
  }

  /** The networks of a saved model of the student's modality. */
  static SingleModal model(DiscomKdOptions options, ModelShape shape, RandomGenerator random) {
    int size = options.size();
    Backbone encoder = new DisentangledEncoder(random, shape.student(), size);
    return new SingleModal(encoder, Linear.withBias(random, 2 * size, shape.classes()));
  }

  @Override
  public Backbone student() {
    return encoder2;
  }

  @Override
  public Linear classifier() {
    return task2;
  }

  @Override
  public Optional<SingleModal> other() {
    return Optional.of(new SingleModal(encoder1, task1));
  }

  @Override
  public boolean paired() {
    return options.pairing() == DiscomKdOptions.Pairing.PAIRED;
  }

  @Override
  public Map<String, Module> networks() {
    Map<String, Module> networks = new LinkedHashMap<>();
    networks.put("student", encoder2);
    networks.put("classifier", task2);
    networks.put("other", encoder1);
    networks.put("other-classifier", task1);
    networks.put("auxiliary", auxiliary);
    networks.put("adversarial", adversarial);
    networks.put("domain-informative", domainInformative);
    networks.put("domain-irrelevant", domainIrrelevant);
    return networks;
  }

  @Override
  public List<ParameterGroup> parameterGroups() {
    return List.of(ParameterGroup.of(networks(), 1));
  }

  @Override
  public List<Tensor> outputs(Batch batch) {
    DisentangledFeatures one = encoder1.parts(batch.teacherInput());
    DisentangledFeatures two = encoder2.parts(batch.studentInput());
    return List.of(one.inv(), one.inf(), one.irr(), two.inv(), two.inf(), two.irr());
  }

  @Override
  public Objective step(Batch batch) {
    Heads heads =
        new Heads(
            head(task1),
            head(task2),
            head(auxiliary),
            head(adversarial),
            head(domainInformative),
            head(domainIrrelevant));
    double lambda = options.lambdaAt(batch.progress());

    var one = modality(encoder1.parts(batch.teacherInput()), batch.teacherLabels());
    var two = modality(encoder2.parts(batch.studentInput()), batch.labels());
    var result = loss.forward(one, two, heads, lambda, options::weight);

    Objective objective = new Objective();
    result.terms().forEach((term, value) -> objective.term(label(term), value));
    result.gradients().forEach(part -> objective.gradient(part.tensor(), part.value()));
    return objective;
  }

  private static Modality modality(DisentangledFeatures x, Tensor labels) {
    return new Modality(labels, x.inv(), x.inf(), x.irr(), x.task());
  }

  private static Head head(Linear linear) {
    return new Head(linear.weight(), linear.biasOrNull());
  }

  /**
   * The features of rows of the student's modality.
   *
   * @param input [B, channels, H, W] or [B, features], f32, as the modality's encoder takes it
   * @return [B, D] each, f32, D the option {@code size}; parts of the networks' graph
   * @throws org.crossdistill.nn.NetworkException in training mode, where batch statistics count, if
   *     there is a single row
   */
  public DisentangledFeatures studentFeatures(Tensor input) {
    return encoder2.parts(input);
  }

  /**
   * The features of rows of the other modality.
   *
   * @param input [B, channels, H, W] or [B, features], f32, as the modality's encoder takes it
   * @return [B, D] each, f32, D the option {@code size}; parts of the networks' graph
   * @throws org.crossdistill.nn.NetworkException in training mode, where batch statistics count, if
   *     there is a single row
   */
  public DisentangledFeatures otherFeatures(Tensor input) {
    return encoder1.parts(input);
  }

  /** Scores of the modality [B, 2] by invariant features; class 1 is the other modality. */
  public Layer adversarial() {
    return adversarial;
  }

  /** The same by informative features. */
  public Layer domainInformative() {
    return domainInformative;
  }

  /** The same by irrelevant features. */
  public Layer domainIrrelevant() {
    return domainIrrelevant;
  }

  private static String label(DiscomKdLoss.Term term) {
    return term.name().toLowerCase(Locale.ROOT);
  }
}
