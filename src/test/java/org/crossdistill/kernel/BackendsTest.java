package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.Map;
import org.crossdistill.kernel.Backends.Choice;
import org.junit.jupiter.api.Test;

final class BackendsTest {

  @Test
  void automaticChoiceIsTheBestThatWorksWithTheReasonsAgainstBetterOnes() {
    Choice choice = Backends.choose("auto");
    assertThat(choice.pinned()).isFalse();
    assertThat(Backends.whyUnavailable(choice.backend())).isEmpty();
    for (Backend better : Backend.values()) {
      if (better.compareTo(choice.backend()) < 0) {
        assertThat(choice.passedOver().get(better))
            .isEqualTo(Backends.whyUnavailable(better).orElseThrow());
      }
    }
    assertThat(choice.passedOver().keySet())
        .allMatch(better -> better.compareTo(choice.backend()) < 0);
  }

  @Test
  void pinnedBackendIsTaken() {
    Choice choice = Backends.choose("reference");
    assertThat(choice.backend()).isEqualTo(Backend.REFERENCE);
    assertThat(choice.describe()).isEqualTo("reference (pinned)");
    assertThat(Backends.choose("cpu").backend()).isEqualTo(Backend.CPU);
  }

  @Test
  void pinnedBackendThatDoesNotWorkIsAnError() {
    assumeFalse(Backends.whyUnavailable(Backend.CUDA).isEmpty(), "this machine has a GPU");
    String reason = Backends.whyUnavailable(Backend.CUDA).orElseThrow();
    assertThat(reason).isNotBlank().doesNotContain("\n");
    assertThatThrownBy(() -> Backends.choose("cuda"))
        .isInstanceOf(KernelException.class)
        .hasMessage("backend cuda: " + reason);
    assertThatThrownBy(() -> Backends.require(Backend.CUDA)).isInstanceOf(KernelException.class);
  }

  @Test
  void unknownBackendIsAnErrorThatListsTheKnown() {
    assertThatThrownBy(() -> Backends.choose("gpu"))
        .isInstanceOf(KernelException.class)
        .hasMessage(
            "crossdistill.backend or CROSSDISTILL_BACKEND: expected one of cuda, cpu, reference;"
                + " found 'gpu'");
  }

  @Test
  void descriptionNamesEachReasonOnce() {
    Choice same =
        new Choice(
            Backend.REFERENCE,
            false,
            Map.of(Backend.CUDA, "no library", Backend.CPU, "no library"));
    assertThat(same.describe()).isEqualTo("reference (not cuda or cpu: no library)");
    Choice two =
        new Choice(Backend.REFERENCE, false, Map.of(Backend.CUDA, "no GPU", Backend.CPU, "odd"));
    assertThat(two.describe()).isEqualTo("reference (not cuda: no GPU; not cpu: odd)");
    assertThat(new Choice(Backend.CUDA, false, Map.of()).describe()).isEqualTo("cuda");
  }
}
