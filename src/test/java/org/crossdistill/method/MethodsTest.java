package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Passthrough;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What holds for every method that configurations can name. */
final class MethodsTest {

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  static Stream<String> names() {
    return Methods.all().stream().map(Methods.Entry::name);
  }

  private static Methods.Entry entry(String name) {
    return Methods.named(name);
  }

  private static Method create(String name) {
    Methods.Entry entry = entry(name);
    return TwoModalities.ready(entry.create().apply(entry.defaults(), TwoModalities.context(3)));
  }

  @ParameterizedTest
  @MethodSource("names")
  void stepTrainsTheStudentAndHasFiniteTerms(String name) {
    Method method = create(name);

    Objective objective = method.step(TwoModalities.batch());
    objective.backward();

    objective.terms().forEach((term, value) -> assertThat(value.item_double()).as(term).isFinite());
    assertThat(TwoModalities.largestGradient(method.student().parameters())).isGreaterThan(1e-6);
  }

  @ParameterizedTest
  @MethodSource("names")
  void everyParameterOfItsGroupsIsReached(String name) {
    Method method = create(name);

    method.step(TwoModalities.batch()).backward();

    for (ParameterGroup group : method.parameterGroups()) {
      group
          .parameters()
          .forEach((key, value) -> assertThat(value.grad().defined()).as(key).isTrue());
    }
  }

  /** A small step down the gradient lowers the weighted sum of the terms as far as it says. */
  @ParameterizedTest
  @MethodSource("namesOfPureFunctions")
  void gradientIsThatOfTheWeightedSumOfTheTerms(String name) {
    Method method = create(name);
    Batch batch = TwoModalities.batch();
    Objective objective = method.step(batch);
    double before = total(method, objective);
    objective.backward();
    double square = TwoModalities.squareOfGradients(method);
    double rate = 1e-3 * before / square;

    TwoModalities.descend(method, rate);

    double decrease = before - total(method, method.step(batch));
    assertThat(decrease / (rate * square)).isBetween(0.85, 1.15);
  }

  /** Without fixed or reversed sides, and without a memory that a step changes. */
  static Stream<String> namesOfPureFunctions() {
    return names().filter(name -> !List.of("cmd", "c2kd", "discom-kd", "crd").contains(name));
  }

  private static double total(Method method, Objective objective) {
    Map<String, Double> weights = Map.of("identity", 0.1, "kd", 0.9, "feature", 1.0);
    if (method instanceof Distillation rival) {
      Weights own = rival.weights();
      weights = Map.of("identity", own.identity(), "distillation", own.distillation());
    } else if (method instanceof StudentAlone) {
      weights = Map.of("identity", 1.0);
    }
    double total = 0;
    for (Map.Entry<String, Tensor> term : objective.terms().entrySet()) {
      total += weights.get(term.getKey()) * term.getValue().item_double();
    }
    return total;
  }

  @ParameterizedTest
  @MethodSource("names")
  void savedModelHasTheShapeOfTheTrainedOne(String name) {
    Methods.Entry entry = entry(name);
    Method method = create(name);
    int columns = (int) method.classifier().parameters().get("weight").size(1);
    ModelShape shape =
        new ModelShape(r -> new SmallResNet(r, options()), TwoModalities.CLASSES, columns);

    Method.SingleModal model =
        entry.model().create(entry.defaults(), shape, new SplittableRandom(0));

    assertThat(shapes(model.backbone().state())).isEqualTo(shapes(method.student().state()));
    assertThat(shapes(model.classifier().state())).isEqualTo(shapes(method.classifier().state()));
  }

  private static SmallResNet.Options options() {
    return new SmallResNet.Options(List.of(4, 5, 6), 6, 0);
  }

  private static Map<String, String> shapes(Map<String, Tensor> state) {
    Map<String, String> shapes = new TreeMap<>();
    state.forEach((key, value) -> shapes.put(key, Arrays.toString(value.shape())));
    return shapes;
  }

  @Test
  void withoutDistillationWeightARivalIsTheStudentAlone() {
    Method alone = create("none");
    Method rival =
        LogitMatching.dkd(
            new LogitMatching.Dkd(LogitMatching.Dkd.defaults().loss(), new Weights(1, 0, 0)),
            TwoModalities.context(3));
    alone.step(TwoModalities.batch()).backward();
    rival.step(TwoModalities.batch()).backward();

    Map<String, Tensor> expected = alone.student().parameters();
    rival
        .student()
        .parameters()
        .forEach(
            (key, value) ->
                assertThat(Tensors.floats(value.grad()))
                    .as(key)
                    .containsExactly(Tensors.floats(expected.get(key).grad()), within(1e-6f)));
  }

  @Test
  void distillationWarmsUp() {
    Weights weights = new Weights(1, 8, 0.5);

    assertThat(weights.distillationAt(0)).isZero();
    assertThat(weights.distillationAt(0.25)).isEqualTo(4);
    assertThat(weights.distillationAt(0.5)).isEqualTo(8);
  }

  @Test
  void attentionTransferNeedsMaps() {
    MethodContext context = TwoModalities.context(3);
    Backbone rows = new Passthrough(TwoModalities.TEACHER_SIZE);
    MethodContext.Teacher teacher =
        new MethodContext.Teacher(TwoModalities.TEACHER_SIZE, context.teacher().classifier(), rows);

    assertThatThrownBy(
            () ->
                new AttentionTransfer(AttentionTransfer.Options.defaults(), context.with(teacher)))
        .isInstanceOf(MethodException.class)
        .hasMessage("at needs feature maps of both networks, found a teacher without");
  }

  @Test
  void frozenTeachersStayAsTheyAre() {
    MethodContext context = TwoModalities.context(3);
    SimKd method = new SimKd(SimKd.Options.defaults(), context);

    method.step(TwoModalities.batch()).backward();

    assertThat(method.classifier()).isSameAs(context.teacher().classifier());
    assertThat(method.classifier().weight().requires_grad()).isFalse();
    assertThat(method.parameterGroups().get(0).parameters()).doesNotContainKey("classifier.weight");
  }

  @Test
  void methodsAreFoundByTheirNames() {
    assertThat(names().map(Methods::named)).containsExactlyElementsOf(Methods.all());
    assertThatThrownBy(() -> Methods.named("kdd"))
        .isInstanceOf(MethodException.class)
        .hasMessageStartingWith("method: expected one of none, cmd, c2kd, ")
        .hasMessageEndingWith(", found kdd");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cmd", "fitnets", "cc", "crd"})
  void headOnATeacherNeedsOne(String name) {
    MethodContext without = TwoModalities.context(3).with(MethodContext.Teacher.NONE);
    assertThatThrownBy(() -> entry(name).create().apply(entry(name).defaults(), without))
        .isInstanceOf(MethodException.class)
        .hasMessage(name + " needs embeddings of a teacher, found none");
  }
}
