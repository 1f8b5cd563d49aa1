package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.crossdistill.loss.TestTensors.rows;
import static org.crossdistill.loss.TestTensors.values;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Known values of the rank correlation, with and without ties. */
final class KendallTauTest {

  private final PointerScope scope = new PointerScope();

  @AfterEach
  void free() {
    scope.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"CPU", "REFERENCE"})
  void knownValues(Backend backend) {
    Tensor a =
        rows(
            new double[] {1, 2, 2, 3},
            new double[] {2, 0.5, -1, 0},
            new double[] {4, 3, 2, 1},
            new double[] {5, 5, 5, 5},
            new double[] {Double.NaN, 1, 2, 3});
    Tensor b =
        rows(
            new double[] {1, 3, 2, 2},
            new double[] {1, -0.2, 0.3, 0.4},
            new double[] {1, 2, 3, 4},
            new double[] {1, 2, 3, 4},
            new double[] {1, 2, 3, 4});
    double[] tau = values(new KendallTau(backend).forward(a, b));
    assertThat(tau).hasSize(5);
    assertThat(tau[0]).isCloseTo(0.4, within(1e-15));
    assertThat(tau[1]).isCloseTo(1.0 / 3, within(1e-15));
    assertThat(tau[2]).isEqualTo(-1);
    assertThat(tau[3]).isNaN();
    assertThat(tau[4]).isNaN();
  }
}
