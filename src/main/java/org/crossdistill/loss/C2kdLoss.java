package org.crossdistill.loss;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;

/**
 * The loss of customised cross-modal distillation (C2KD; Huo et al., CVPR 2024): a teacher t that
 * goes on training, a student s and a proxy of each, u_t and u_s, teach each other; between the
 * modalities only the classes but the label's count, and only samples on whose ranking of the
 * classes both proxies agree.
 *
 * <pre>
 * L = CE(z_t, y) + CE(z_s, y)
 *   + KL(sg z_t ‖ u_t) + KL(sg u_t ‖ z_t)
 *   + KL(sg z_s ‖ u_s) + KL(sg u_s ‖ z_s)
 *   + 1/B·Σ m_i·KLn(sg u_t ‖ u_s) + 1/B·Σ m_i·KLn(sg u_s ‖ u_t)
 * m_i = [τ_i > krc],   τ_i = Kendall's τ-b of u_t,i and u_s,i over all classes
 * </pre>
 *
 * <p>sg holds a side fixed; KL stands for T²·KL of softmaxes over T and is a mean over the batch;
 * KLn is KL without the target's logit; CE is at temperature 1. A row whose τ is NaN is left out. A
 * row labelled {@link MarginClassifierLoss#IGNORE_LABEL} counts for nothing. Thread-safe.
 */
public final class C2kdLoss {

  /** How KLn leaves the target out. */
  public enum NonTarget {
    /** Its logit becomes 0 on both sides (the authors' code). */
    ZERO_LOGIT,
    /** The softmax goes over the other classes alone (the paper's words). */
    EXCLUDE
  }

  /** The eight terms, in the order of the equation. */
  public enum Term {
    CE_TEACHER,
    CE_STUDENT,
    TEACHER_TO_PROXY,
    PROXY_TO_TEACHER,
    STUDENT_TO_PROXY,
    PROXY_TO_STUDENT,
    PROXY_TEACHER_TO_PROXY_STUDENT,
    PROXY_STUDENT_TO_PROXY_TEACHER
  }

  /**
   * How the loss is computed.
   *
   * @param temperature T > 0
   * @param krc τ must be above it for a row to be kept; not NaN
   * @param nonTarget how the target is left out between the proxies
   */
  public record Options(double temperature, double krc, NonTarget nonTarget) {

    /** Checks the values. */
    public Options {
      Arguments.positive("temperature", temperature);
      Arguments.finite("krc", krc);
      Arguments.given("nonTarget", nonTarget);
    }

    /** T = 1, krc = 0, {@code zero-logit}: the authors'. */
    public static Options defaults() {
      return new Options(1, 0, NonTarget.ZERO_LOGIT);
    }
  }

  /**
   * The logits of the four networks, each [B, C] in f64, f32, bf16 or f16.
   *
   * @param teacher z_t
   * @param student z_s
   * @param proxyTeacher u_t
   * @param proxyStudent u_s
   */
  public record Logits(Tensor teacher, Tensor student, Tensor proxyTeacher, Tensor proxyStudent) {

    List<Tensor> all() {
      return List.of(teacher, student, proxyTeacher, proxyStudent);
    }
  }

  /**
   * Value, terms and gradients. A is f64 for f64 logits, otherwise f32.
   *
   * @param loss [] of A
   * @param terms [] of A each
   * @param tau τ_i: [B] of A
   * @param kept m_i: [B] of A, 1 or 0
   * @param gradients with respect to the four logits, [B, C] of their type
   */
  public record Result(
      Tensor loss, Map<Term, Tensor> terms, Tensor tau, Tensor kept, Logits gradients) {}

  private final C2kdReference reference;

  public C2kdLoss(Options options) {
    reference = new C2kdReference(Arguments.given("options", options));
  }

  /**
   * Computes value, terms and gradients without touching the graphs of the arguments.
   *
   * @param labels [B] int64, in [0, C) or {@link MarginClassifierLoss#IGNORE_LABEL}
   * @param gradScale factor of the gradients, finite
   * @throws TensorException naming the argument that is wrong
   */
  public Result forward(Logits logits, Tensor labels, double gradScale) {
    DType dtype = check(logits, labels);
    Arguments.finite("gradScale", gradScale);
    ScalarType given = DTypes.scalarType(dtype);
    ScalarType type = DTypes.scalarType(dtype.accumulation());
    try (Results results = new Results();
        AutoGradMode enabled = new AutoGradMode(true)) {
      List<Tensor> leaves = new ArrayList<>();
      logits.all().forEach(tensor -> leaves.add(Composition.leaf(tensor, type, true)));
      C2kdReference.Graph graph = reference.graph(of(leaves), labels);
      Tensor loss = graph.loss();
      Tensor[] found = Composition.gradients(loss, gradScale, leaves.toArray(Tensor[]::new));
      List<Tensor> gradients = new ArrayList<>();
      for (Tensor gradient : found) {
        gradients.add(results.keep(Composition.as(given, gradient)));
      }
      Map<Term, Tensor> terms = new EnumMap<>(Term.class);
      graph.terms().forEach((term, value) -> terms.put(term, results.keep(value.detach())));
      return new Result(
          results.keep(loss.detach()),
          terms,
          results.keep(graph.tau()),
          results.keep(graph.kept()),
          of(gradients));
    }
  }

  /**
   * The terms, each a part of the graph of the logits: for a look at one of them alone.
   *
   * @param labels as for {@link #forward}
   * @return [] of A each; L is their sum
   * @throws TensorException naming the argument that is wrong
   */
  public Map<Term, Tensor> terms(Logits logits, Tensor labels) {
    ScalarType type = DTypes.scalarType(check(logits, labels).accumulation());
    try (Results results = new Results()) {
      List<Tensor> wide = logits.all().stream().map(tensor -> tensor.to(type)).toList();
      Map<Term, Tensor> terms = new EnumMap<>(Term.class);
      reference
          .graph(of(wide), labels)
          .terms()
          .forEach((term, value) -> terms.put(term, results.keep(value)));
      return terms;
    }
  }

  private static Logits of(List<Tensor> four) {
    return new Logits(four.get(0), four.get(1), four.get(2), four.get(3));
  }

  private static DType check(Logits logits, Tensor labels) {
    DType dtype = Arguments.embeddings("teacher", logits.teacher);
    Arguments.same("student", logits.student, "teacher", logits.teacher);
    Arguments.same("proxy-teacher", logits.proxyTeacher, "teacher", logits.teacher);
    Arguments.same("proxy-student", logits.proxyStudent, "teacher", logits.teacher);
    Arguments.vector("labels", labels, ScalarType.Long, logits.teacher.size(0), logits.teacher);
    Composition.checkLabels(labels, logits.teacher.size(1));
    return dtype;
  }
}
