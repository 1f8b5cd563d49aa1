package org.crossdistill.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

class InitTest {

  @Test
  void valuesFillTheirBoundAndTheSameGeneratorGivesTheSame() {
    try (PointerScope scope = new PointerScope()) {
      float[] values = values(7);
      assertThat(values).hasSize(12).isEqualTo(values(7)).isNotEqualTo(values(8));
      for (float value : values) {
        assertThat(value).isBetween(-0.5f, 0.5f);
      }
    }
  }

  private static float[] values(long seed) {
    return Tensors.floats(Init.uniformFanIn(new SplittableRandom(seed), 4, 3, 4));
  }

  @Test
  void moreNumbersThanAnArrayHoldsAreRefusedWithTheirShape() {
    assertThatThrownBy(() -> Init.uniformFanIn(new SplittableRandom(1), 64, 2_000_000_000, 64))
        .isInstanceOf(NetworkException.class)
        .hasMessage(
            "weights [2000000000, 64]: expected at most 2147483647 numbers, found 128000000000");
  }
}
