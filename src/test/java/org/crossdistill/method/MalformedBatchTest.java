package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.CrossdistillException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Batches that a method cannot work with: each an exception of ours, in one line. */
final class MalformedBatchTest {

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  static Stream<Methods.Entry> methods() {
    return Methods.all().stream();
  }

  private static Method create(Methods.Entry entry) {
    return TwoModalities.ready(entry.create().apply(entry.defaults(), TwoModalities.context(3)));
  }

  /** The tensors of a batch by the names that messages use. */
  private static Map<String, Tensor> parts(Batch batch) {
    Map<String, Tensor> parts = new LinkedHashMap<>();
    parts.put("student.input", batch.student().input());
    parts.put("student.labels", batch.student().labels());
    parts.put("teacher.input", batch.teacher().input());
    parts.put("teacher.embedding", batch.teacher().embedding());
    parts.put("teacher.logits", batch.teacher().logits());
    parts.put("teacher.labels", batch.teacher().labels());
    parts.put("samples", batch.samples());
    return parts;
  }

  /** The batch with one part put through {@code change}. */
  private static Batch with(String part, UnaryOperator<Tensor> change) {
    Map<String, Tensor> parts = parts(TwoModalities.batch());
    parts.put(part, change.apply(parts.get(part)));
    Batch.Side student = Batch.Side.of(parts.get("student.input"), parts.get("student.labels"));
    Batch.Side teacher =
        Batch.Side.of(parts.get("teacher.input"), parts.get("teacher.labels"))
            .with(parts.get("teacher.embedding"), parts.get("teacher.logits"));
    return new Batch(student, teacher, parts.get("samples"), 0.5);
  }

  private static List<String> names() {
    return List.copyOf(parts(TwoModalities.batch()).keySet());
  }

  @ParameterizedTest
  @MethodSource("methods")
  void missingPartIsNamedByTheMethodThatReadsIt(Methods.Entry entry) {
    List<String> named = new ArrayList<>();
    for (String part : names()) {
      Method method = create(entry);
      Throwable thrown = catchThrowable(() -> method.step(with(part, tensor -> null)));
      if (thrown != null) {
        assertThat(thrown)
            .isInstanceOf(MethodException.class)
            .hasMessage("batch: expected " + part + ", which the method reads, found none");
        named.add(part);
      }
    }
    assertThat(named).contains("student.input").isSubsetOf(names());
    Method method = create(entry);
    Batch alone = TwoModalities.batch().with((Batch.Side) null);
    if (named.stream().anyMatch(part -> part.startsWith("teacher"))) {
      assertThatThrownBy(() -> method.step(alone)).isInstanceOf(MethodException.class);
    } else {
      assertThat(method.step(alone).terms()).isNotEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void partOfAnotherShapeOrTypeIsRefusedOrNotRead(Methods.Entry entry) {
    Map<String, UnaryOperator<Tensor>> changes = new LinkedHashMap<>();
    changes.put("undefined", tensor -> new Tensor());
    changes.put("fewer rows", tensor -> tensor.narrow(0, 0, TwoModalities.ROWS - 1));
    changes.put("one dimension more", tensor -> tensor.unsqueeze(-1));
    changes.put("one dimension less", tensor -> tensor.select(0, 0));
    changes.put("flat", tensor -> tensor.reshape(-1));
    changes.put("half of it", tensor -> tensor.narrow(tensor.dim() - 1, 0, 1));
    changes.put("f64", tensor -> tensor.to(torch.ScalarType.Double));
    changes.put("int64", tensor -> tensor.to(torch.ScalarType.Long));
    changes.put(
        "negative",
        tensor -> tensor.neg().sub(tensor.eq(tensor).to(tensor.scalar_type().intern())));
    int refused = 0;
    for (String part : names()) {
      for (Map.Entry<String, UnaryOperator<Tensor>> change : changes.entrySet()) {
        Method method = create(entry);
        Batch batch = with(part, change.getValue());
        Throwable thrown = catchThrowable(() -> method.step(batch));
        if (thrown != null) {
          assertThat(thrown)
              .as("%s, %s: %s", entry.name(), part, change.getKey())
              .isInstanceOf(CrossdistillException.class)
              .hasMessageMatching(".*expected .*, (found|got) .*");
          refused++;
        }
      }
    }
    // Of the input six, of the labels seven: no method can be fed with those.
    assertThat(refused).isGreaterThanOrEqualTo(13);
  }

  @Test
  void cmdWithLabelsOfTheTeacherReadsItsLogits() {
    CmdOptions d = CmdOptions.defaults();
    CmdOptions options =
        new CmdOptions(
            d.featureMargin(),
            d.qualityWeights(),
            CmdOptions.ClassifierMode.SEPARATE,
            d.head(),
            d.headLearningRate(),
            d.stopFeatureGradient(),
            d.lambdaF(),
            d.lambdaFWarmUp(),
            d.lambdaC(),
            d.lambdaT(),
            CmdOptions.Unlabelled.TEACHER);
    Method method = TwoModalities.ready(new Cmd(options, TwoModalities.context(3)));
    assertThatThrownBy(() -> method.step(with("teacher.logits", tensor -> tensor.narrow(0, 0, 5))))
        .isInstanceOf(MethodException.class)
        .hasMessage("batch: teacher.logits: expected 2 dimensions and 6 rows, found [5, 3]");
  }

  @Test
  void batchWithoutRowsOfTheStudentIsRefused() {
    assertThatThrownBy(() -> new Batch(null, null, null, 0))
        .isInstanceOf(MethodException.class)
        .hasMessage("batch: expected student, which the method reads, found none");
  }
}
