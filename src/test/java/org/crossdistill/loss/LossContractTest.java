package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.error;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.sameBits;
import static org.crossdistill.loss.TestTensors.values;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every loss that the service loader finds. */
final class LossContractTest {

  private static final Map<String, Long> SIZES =
      Map.ofEntries(
          Map.entry("N", 3L),
          Map.entry("A", 4L),
          Map.entry("B", 6L),
          Map.entry("C", 5L),
          Map.entry("D", 7L),
          Map.entry("E", 14L),
          Map.entry("M", 2L),
          Map.entry("H", 4L),
          Map.entry("W", 3L),
          Map.entry("G", 2L),
          Map.entry("V", 6L));
  private static final double STEP = 1e-6;

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  @SuppressWarnings("rawtypes") // a class literal has no type arguments
  static Stream<NamedLoss<?>> losses() {
    List<NamedLoss<?>> losses = new ArrayList<>();
    for (NamedLoss<?> loss : ServiceLoader.load(NamedLoss.class)) {
      losses.add(loss);
    }
    return losses.stream();
  }

  static Stream<Arguments> lossesAndBackends() {
    return losses()
        .flatMap(
            loss ->
                Stream.of(Backend.CPU, Backend.REFERENCE)
                    .map(backend -> Arguments.of(loss, backend)));
  }

  static Stream<Arguments> differentiableLossesAndBackends() {
    return lossesAndBackends().filter(each -> !((NamedLoss<?>) each.get()[0]).stopsGradients());
  }

  @ParameterizedTest
  @MethodSource("differentiableLossesAndBackends")
  <O extends Record> void gradientsAreDerivativesOfTheLoss(NamedLoss<O> loss, Backend backend) {
    Map<String, Tensor> inputs = inputs(loss);
    Map<String, Tensor> answers = compute(loss, inputs, backend);
    for (String name : inputs.keySet()) {
      Tensor gradient = answers.get("grad." + name);
      if (gradient == null) {
        continue;
      }
      Tensor direction = gaussian(99, inputs.get(name).shape());
      double up = lossAt(loss, inputs, name, direction.mul(new Scalar(STEP)), backend);
      double down = lossAt(loss, inputs, name, direction.mul(new Scalar(-STEP)), backend);
      double slope = gradient.mul(direction).sum().item_double();
      assertThat(slope)
          .describedAs("%s by %s", loss.name(), name)
          .isCloseTo((up - down) / (2 * STEP), within(1e-7));
    }
  }

  private static <O extends Record> double lossAt(
      NamedLoss<O> loss, Map<String, Tensor> inputs, String name, Tensor shift, Backend backend) {
    Map<String, Tensor> shifted = new HashMap<>(inputs);
    shifted.put(name, inputs.get(name).add(shift));
    return compute(loss, shifted, backend).get("loss").item_double();
  }

  @ParameterizedTest
  @MethodSource("losses")
  <O extends Record> void kernelAndReferenceAgree(NamedLoss<O> loss) {
    Map<String, Tensor> inputs = inputs(loss);
    Map<String, Tensor> expected = compute(loss, inputs, Backend.REFERENCE);
    Map<String, Tensor> answers = compute(loss, inputs, Backend.CPU);
    assertThat(answers.keySet()).isEqualTo(expected.keySet()).isNotEmpty();
    answers.forEach(
        (name, answer) ->
            assertThat(error(answer, expected.get(name))).describedAs(name).isLessThan(1e-12));
  }

  @ParameterizedTest
  @MethodSource("lossesAndBackends")
  <O extends Record> void inputsAreNotChanged(NamedLoss<O> loss, Backend backend) {
    Map<String, Tensor> inputs = inputs(loss);
    Map<String, Tensor> copies = new HashMap<>();
    inputs.forEach((name, tensor) -> copies.put(name, tensor.clone()));
    compute(loss, inputs, backend);
    inputs.forEach(
        (name, tensor) ->
            assertThat(sameBits(tensor, copies.get(name))).describedAs(name).isTrue());
  }

  @ParameterizedTest
  @MethodSource("lossesAndBackends")
  <O extends Record> void theSameInputsGiveTheSameBits(NamedLoss<O> loss, Backend backend) {
    Map<String, Tensor> inputs = inputs(loss);
    Map<String, Tensor> first = compute(loss, inputs, backend);
    Map<String, Tensor> second = compute(loss, inputs, backend);
    first.forEach(
        (name, answer) ->
            assertThat(values(second.get(name))).describedAs(name).isEqualTo(values(answer)));
  }

  /** A teacher's outputs are often made there. */
  @ParameterizedTest
  @MethodSource("lossesAndBackends")
  <O extends Record> void inferenceModeChangesNothing(NamedLoss<O> loss, Backend backend) {
    Map<String, Tensor> inputs = inputs(loss);
    Map<String, Tensor> expected = compute(loss, inputs, backend);
    Map<String, Tensor> made = new HashMap<>();
    Map<String, Tensor> inside;
    try (InferenceMode on = new InferenceMode(true)) {
      inputs.forEach((name, tensor) -> made.put(name, tensor.clone()));
      inside = compute(loss, made, backend);
    }
    Map<String, Tensor> outside = compute(loss, made, backend);
    expected.forEach(
        (name, answer) -> {
          assertThat(values(inside.get(name))).describedAs(name).isEqualTo(values(answer));
          assertThat(values(outside.get(name))).describedAs(name).isEqualTo(values(answer));
        });
  }

  @ParameterizedTest
  @MethodSource("lossesAndBackends")
  <O extends Record> void inputsOfAnotherShapeOrTypeAreRefusedByName(
      NamedLoss<O> loss, Backend backend) {
    Map<String, Tensor> inputs = inputs(loss);
    for (String name : inputs.keySet()) {
      Tensor good = inputs.get(name);
      int last = (int) good.dim() - 1;
      List<Tensor> wrong = new ArrayList<>();
      if (uses(loss, loss.inputs().get(name).get(last)) > 1) {
        wrong.add(good.narrow(last, 0, good.size(last) - 1));
      }
      wrong.add(good.unsqueeze(0));
      wrong.add(good.to(isLabels(name) ? ScalarType.Double : ScalarType.Int));
      for (Tensor bad : wrong) {
        Map<String, Tensor> changed = new HashMap<>(inputs);
        changed.put(name, bad);
        assertThatThrownBy(() -> compute(loss, changed, backend))
            .describedAs(name)
            .isInstanceOf(TensorException.class)
            .hasMessageContaining("expected")
            .hasMessageContaining("found");
      }
    }
  }

  /** How often a size occurs: one that occurs once is free. */
  private static long uses(NamedLoss<?> loss, String letter) {
    return loss.inputs().values().stream().flatMap(List::stream).filter(letter::equals).count();
  }

  @ParameterizedTest
  @MethodSource("losses")
  <O extends Record> void missingInputIsNamed(NamedLoss<O> loss) {
    assertThatThrownBy(() -> compute(loss, Map.of(), Backend.REFERENCE))
        .isInstanceOf(TensorException.class)
        .hasMessageContaining("found none");
  }

  @ParameterizedTest
  @MethodSource("lossesAndBackends")
  <O extends Record> void nothingSurvivesTheCallersScope(NamedLoss<O> loss, Backend backend) {
    Map<String, Tensor> inputs = inputs(loss);
    compute(loss, inputs, backend); // what is made once is made now
    long before = Pointer.totalCount();
    for (int i = 0; i < 10; i++) {
      try (PointerScope call = new PointerScope()) {
        compute(loss, inputs, backend);
      }
    }
    // The statistics of the quality weights live as long as their owner.
    long owned = loss.name().equals("quality-weights") ? 10 : 0;
    assertThat(Pointer.totalCount() - before).isLessThanOrEqualTo(owned);
  }

  private static <O extends Record> Map<String, Tensor> compute(
      NamedLoss<O> loss, Map<String, Tensor> inputs, Backend backend) {
    return loss.compute(loss.defaults(), new NamedTensors(inputs), backend);
  }

  /** Inputs of the sizes that the loss tells; optional ones of other kinds are left out. */
  private static Map<String, Tensor> inputs(NamedLoss<?> loss) {
    Map<String, Tensor> inputs = new TreeMap<>();
    loss.inputs()
        .forEach(
            (name, letters) -> {
              long[] shape = letters.stream().mapToLong(SIZES::get).toArray();
              inputs.put(name, input(name, shape));
            });
    inputs.remove("bias"); // not with the default kind
    return inputs;
  }

  private static boolean isLabels(String name) {
    return name.startsWith("labels");
  }

  private static Tensor input(String name, long[] shape) {
    long seed = name.hashCode();
    if (isLabels(name)) {
      return TestTensors.integers(seed, SIZES.get("C"), shape);
    }
    return name.equals("weights") ? TestTensors.positive(seed, shape) : gaussian(seed, shape);
  }
}
