package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.crossdistill.JavaProcess;
import org.crossdistill.JavaProcess.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class IsaTest {

  @Test
  void theActiveSetIsSupported() {
    assertThat(Isa.active().isSupported()).isTrue();
    assertThat(Isa.PORTABLE.isSupported()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void pinnedSetRunsOrIsAnError(Isa isa) throws Exception {
    Result result = pinned(isa.label());
    if (isa.isSupported()) {
      assertThat(result.out()).contains("isa: " + isa.label() + "\n").contains("backend: cpu");
    } else {
      assertThat(result.out())
          .contains("isa failed: CROSSDISTILL_ISA")
          .contains("no " + isa.label())
          .contains("backend failed: CROSSDISTILL_ISA");
    }
  }

  @Test
  void unknownSetIsAnErrorEvenThoughTheReferenceWouldRun() throws Exception {
    assumeFalse(Backends.whyUnavailable(Backend.CUDA).isEmpty(), "this machine has a GPU");
    assertThat(pinned("sse9").out())
        .contains(
            "isa failed: CROSSDISTILL_ISA: expected portable, avx2, avx512, avx512bf16 or amx")
        .contains(
            "backend failed: CROSSDISTILL_ISA: expected portable, avx2, avx512, avx512bf16 or amx");
  }

  private static Result pinned(String isa) throws Exception {
    return new JavaProcess(NativeProbe.class).environment(Isa.ENVIRONMENT, isa).run();
  }
}
