package org.crossdistill.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

final class TensorsTest {

  /** Their memory ends before as many int64 numbers have been read. */
  @Test
  void longsOfAnotherTypeAreRefused() {
    try (PointerScope scope = new PointerScope()) {
      Tensor labels = Tensor.create(2L, 0L, -100L);
      assertThat(Tensors.longs(labels)).containsExactly(2, 0, -100);
      assertThatThrownBy(() -> Tensors.longs(labels.to(ScalarType.Int)))
          .isInstanceOf(NetworkException.class)
          .hasMessage("tensor: expected int64, found Int");
    }
  }

  @Test
  void valuesOfANegatedViewAreNegative() {
    try (PointerScope scope = new PointerScope()) {
      assertThat(Tensors.longs(Tensor.create(2L, 3L)._neg_view())).containsExactly(-2, -3);
      assertThat(Tensors.floats(Tensor.create(2f, 3f)._neg_view())).containsExactly(-2, -3);
    }
  }

  @Test
  void rowsOfOneLength() {
    try (PointerScope scope = new PointerScope()) {
      assertThat(Tensors.rows(Tensors.of(new float[][] {{1, 2}, {3, 4}})))
          .isDeepEqualTo(new float[][] {{1, 2}, {3, 4}});
      assertThat(Tensors.rows(Tensors.of(new float[][] {}))).isEmpty();
      assertThatThrownBy(() -> Tensors.of(new float[][] {{1}, {3, 4}}))
          .isInstanceOf(NetworkException.class)
          .hasMessage("rows: expected 1 values in each, found 2 in row 1");
    }
  }

  @Test
  void moreValuesThanAnArrayHoldsAreRefused() {
    float[][] rows = new float[65_536][];
    Arrays.fill(rows, new float[65_536]);
    assertThatThrownBy(() -> Tensors.of(rows))
        .isInstanceOf(NetworkException.class)
        .hasMessage("rows: expected at most 2147483647 values, found 65536 rows of 65536");
  }
}
