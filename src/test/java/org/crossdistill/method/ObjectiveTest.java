package org.crossdistill.method;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ObjectiveTest {

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  private static void refused(String message, Tensor output, Tensor gradient) {
    assertThatThrownBy(() -> new Objective().gradient(output, gradient))
        .isInstanceOf(MethodException.class)
        .hasMessage(message);
  }

  @Test
  void gradientsOfAnotherShapeAreRefused() {
    Tensor output = Tensor.create(1f, 2f).requires_grad_(true);
    Tensor gradient = Tensor.create(3f, 4f);
    refused("output: expected a tensor, found none", null, gradient);
    refused("gradient: expected the output's shape [2], found no tensor", output, null);
    refused("gradient: expected the output's shape [2], found no tensor", output, new Tensor());
    refused("gradient: expected the output's shape [2], found [1]", output, Tensor.create(3f));
    new Objective().gradient(output, gradient).backward();
    assertThat(output.grad().equal(gradient)).isTrue();
  }

  @Test
  void whatNeedsNoGradientTakesNone() {
    Tensor frozen = Tensor.create(1f, 2f);
    new Objective().gradient(frozen, null).backward();
    assertThat(frozen.grad().defined()).isFalse();
  }

  @Test
  void termOfTheGraphIsASingleNumber() {
    Tensor pair = Tensor.create(1f, 2f).requires_grad_(true);
    assertThatThrownBy(() -> new Objective().add("term", 1, pair))
        .isInstanceOf(MethodException.class)
        .hasMessage("term: expected a single number, found [2]");
    assertThatThrownBy(() -> new Objective().add("term", 1, null))
        .isInstanceOf(MethodException.class)
        .hasMessage("term: expected a single number, found no tensor");
  }

  @Test
  void secondBackwardPassIsRefused() {
    Tensor output = Tensor.create(1f, 2f).requires_grad_(true);
    Objective objective = new Objective().gradient(output, Tensor.create(3f, 4f));
    objective.backward();
    assertThatThrownBy(objective::backward)
        .isInstanceOf(MethodException.class)
        .hasMessage("backward: expected one call for each step, found a second");
    assertThat(output.grad().equal(Tensor.create(3f, 4f))).isTrue();
  }
}
