package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.C2kdLoss;
import org.crossdistill.loss.C2kdLoss.Logits;
import org.crossdistill.loss.KdLoss;
import org.crossdistill.loss.KdLoss.Target;
import org.crossdistill.loss.KendallTau;
import org.crossdistill.loss.Reduction;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which term trains what, what is logged, and what is refused. */
final class C2kdTest {

  /** Below every τ, so that each row is kept. */
  private static final double KEEP_ALL = -2;

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  private static C2kd c2kd(double krc, Target nonTarget) {
    C2kdOptions options = new C2kdOptions(new C2kdLoss.Options(1, krc, nonTarget), 1);
    return new C2kd(options, TwoModalities.context(3));
  }

  /** The six parts: each network up to its middle, its rest, and its proxy. */
  private static Map<String, Map<String, Tensor>> parts(C2kd method) {
    Map<String, Map<String, Tensor>> parts = new LinkedHashMap<>();
    for (String network : new String[] {"teacher", "student"}) {
      String matrix = network.equals("teacher") ? "teacher-classifier" : "classifier";
      Map<String, Tensor> all = method.networks().get(network).parameters();
      Map<String, Tensor> body = new LinkedHashMap<>();
      Map<String, Tensor> rest = new LinkedHashMap<>(method.networks().get(matrix).parameters());
      all.forEach((name, p) -> (beforeMiddle(name) ? body : rest).put(name, p));
      parts.put(network + " body", body);
      parts.put(network + " rest", rest);
      parts.put(network + " proxy", method.networks().get("proxy-" + network).parameters());
    }
    return parts;
  }

  /** Of the two blocks the first is the last but one. */
  private static boolean beforeMiddle(String parameter) {
    return parameter.startsWith("stem") || parameter.startsWith("block1");
  }

  private enum Term {
    CE_TEACHER("teacher body", "teacher rest"),
    CE_STUDENT("student body", "student rest"),
    TEACHER_TO_PROXY("teacher body", "teacher proxy"),
    PROXY_TO_TEACHER("teacher body", "teacher rest"),
    STUDENT_TO_PROXY("student body", "student proxy"),
    PROXY_TO_STUDENT("student body", "student rest"),
    PROXY_TEACHER_TO_PROXY_STUDENT("student body", "student proxy"),
    PROXY_STUDENT_TO_PROXY_TEACHER("teacher body", "teacher proxy");

    private final String first;
    private final String second;

    /** The two parts that the term trains. */
    Term(String first, String second) {
      this.first = first;
      this.second = second;
    }

    boolean reaches(String part) {
      return part.equals(first) || part.equals(second);
    }
  }

  /** The terms by the equation, each in a graph of its own loss. */
  private static Tensor term(Term term, Logits z, Tensor y, Target nonTarget, double krc) {
    return switch (term) {
      case CE_TEACHER -> torch.cross_entropy_loss(z.teacher(), y);
      case CE_STUDENT -> torch.cross_entropy_loss(z.student(), y);
      case TEACHER_TO_PROXY -> kl(z.teacher(), z.proxyTeacher());
      case PROXY_TO_TEACHER -> kl(z.proxyTeacher(), z.teacher());
      case STUDENT_TO_PROXY -> kl(z.student(), z.proxyStudent());
      case PROXY_TO_STUDENT -> kl(z.proxyStudent(), z.student());
      case PROXY_TEACHER_TO_PROXY_STUDENT ->
          kl(nonTarget, z.proxyTeacher(), z.proxyStudent(), y, kept(z, krc));
      case PROXY_STUDENT_TO_PROXY_TEACHER ->
          kl(nonTarget, z.proxyStudent(), z.proxyTeacher(), y, kept(z, krc));
    };
  }

  private static Tensor kept(Logits z, double krc) {
    Tensor tau = new KendallTau().forward(z.proxyTeacher().detach(), z.proxyStudent().detach());
    return tau.gt(new Scalar(krc)).to(torch.ScalarType.Float);
  }

  private static Tensor kl(Tensor fixed, Tensor follower) {
    return kl(Target.KEPT, fixed, follower, null, null);
  }

  private static Tensor kl(Target form, Tensor fixed, Tensor follower, Tensor y, Tensor kept) {
    KdLoss loss = new KdLoss(new KdLoss.Options(form, 1, Reduction.MEAN));
    return loss.apply(follower, fixed.detach(), y, kept);
  }

  @ParameterizedTest
  @EnumSource(Term.class)
  void eachTermReachesItsPartsAndNoOther(Term term) {
    for (Target nonTarget : List.of(Target.ZERO_LOGIT, Target.EXCLUDE)) {
      C2kd method = c2kd(KEEP_ALL, nonTarget);
      Batch batch = TwoModalities.batch();

      term(term, method.logits(batch), batch.labels(), nonTarget, KEEP_ALL).backward();

      parts(method)
          .forEach(
              (part, parameters) -> {
                double gradient = TwoModalities.largestGradient(parameters);
                if (term.reaches(part)) {
                  assertThat(gradient).as(part).isGreaterThan(1e-6);
                } else {
                  assertThat(gradient).as(part).isZero();
                }
              });
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Target.class,
      names = {"ZERO_LOGIT", "EXCLUDE"})
  void stepHasTheGradientOfTheSumOfTheTerms(Target nonTarget) {
    Batch batch = TwoModalities.batch();
    C2kd method = c2kd(0, nonTarget);
    C2kd same = c2kd(0, nonTarget);
    Logits z = same.logits(batch);
    Map<Term, Tensor> terms = new EnumMap<>(Term.class);
    for (Term term : Term.values()) {
      terms.put(term, term(term, z, batch.labels(), nonTarget, 0));
    }

    Objective objective = method.step(batch);
    objective.backward();
    terms.values().stream().reduce(Tensor::add).orElseThrow().backward();

    Map<String, Tensor> expected = ParameterGroup.of(same.networks(), 1).parameters();
    Map<String, Tensor> actual = ParameterGroup.of(method.networks(), 1).parameters();
    actual.forEach(
        (name, parameter) ->
            assertThat(Tensors.floats(parameter.grad()))
                .as(name)
                .containsExactly(Tensors.floats(expected.get(name).grad()), within(1e-5f)));
    assertThat(objective.terms()).hasSize(10).containsKeys("tau", "kept", "ce-teacher");
    terms.forEach(
        (term, value) -> {
          String name = term.name().toLowerCase(Locale.ROOT).replace('_', '-');
          assertThat(objective.terms().get(name).item_double())
              .isCloseTo(value.item_double(), within(1e-6));
        });
  }

  @Test
  void nothingCrossesBetweenModalitiesWhereNoRowIsKept() {
    C2kd method = c2kd(2, Target.ZERO_LOGIT);
    Objective objective = method.step(TwoModalities.batch());

    assertThat(objective.terms().get("kept").item_double()).isZero();
    assertThat(objective.terms().get("proxy-teacher-to-proxy-student").item_double()).isZero();
    assertThat(objective.terms().get("proxy-student-to-proxy-teacher").item_double()).isZero();
    assertThat(objective.terms().get("tau").item_double()).isBetween(-1.0, 1.0);
  }

  @Test
  void teacherTrainsAtItsOwnRate() {
    C2kdOptions options = new C2kdOptions(C2kdLoss.Options.defaults(), 0.1);
    C2kd method = new C2kd(options, TwoModalities.context(3));

    ParameterGroup teacher = method.parameterGroups().get(1);
    assertThat(teacher.learningRateMultiplier()).isEqualTo(0.1);
    assertThat(teacher.parameters())
        .containsKeys("teacher.stem.weight", "teacher-classifier.weight");
    assertThat(method.parameterGroups().get(0).parameters())
        .containsKey("proxy-teacher.mix.weight");
  }

  @Test
  void teacherMustBeThereAndKnowTheSameClasses() {
    MethodContext context = TwoModalities.context(3);
    C2kdOptions options = C2kdOptions.defaults();

    assertThatThrownBy(() -> new C2kd(options, context.with(MethodContext.Teacher.ofEmbeddings(7))))
        .isInstanceOf(MethodException.class)
        .hasMessage("c2kd needs a teacher network that can be run and trained on, found none");
    MethodContext wrong =
        MethodContext.of(context.student(), 4, TwoModalities.identityLoss(), context.random())
            .with(context.teacher());
    assertThatThrownBy(() -> new C2kd(options, wrong))
        .isInstanceOf(MethodException.class)
        .hasMessage("c2kd needs a teacher of 4 classes, found one of 3");
  }
}
