package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;

import org.crossdistill.MemoryProbe;
import org.crossdistill.kernel.Backend;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Many calls of every loss must not need more memory than the first few hundred. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "resident memory is read from /proc")
final class ResidentMemoryTest {

  /** A thousand calls may not even leave one of LibTorch's scalars behind, each. */
  private static final long ALLOWED_IN_A_STRETCH = 32 * 1024;

  private static final long ALLOWED_ON_THE_HEAP = 256 * 1024;

  @ParameterizedTest
  @CsvSource({"CPU, 1000", "REFERENCE, 200"})
  void callsLeaveNothingBehind(Backend backend, int calls) throws Exception {
    MemoryProbe.Growth growth =
        MemoryProbe.process(LossesProbe.class, backend.name(), "7", Integer.toString(calls));

    assertThat(growth.lowerQuartileResident()).as("%s", growth).isLessThan(ALLOWED_IN_A_STRETCH);
    assertThat(growth.heap()).as("%s", growth).isLessThan(ALLOWED_ON_THE_HEAP);
    assertThat(growth.pointers()).allSatisfy(count -> assertThat(count).isNotPositive());
  }
}
