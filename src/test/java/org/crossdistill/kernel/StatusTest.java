package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import org.crossdistill.kernel.binding.Crossdistill;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class StatusTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1  | INVALID_ARGUMENT | margin: expected 2",
        "2  | UNSUPPORTED      | margin: expected 2",
        "3  | OUT_OF_MEMORY    | out of memory: margin: expected 2",
        "4  | DEVICE_ERROR     | the device failed: margin: expected 2",
        "5  | INTERNAL_ERROR   | error 5 in the native library: margin: expected 2",
        "99 | INTERNAL_ERROR   | error 99 in the native library: margin: expected 2",
        "-1 | INTERNAL_ERROR   | error -1 in the native library: margin: expected 2",
      })
  void everyCodeBecomesAnExceptionWithItsStatus(int code, Status status, String message) {
    KernelException exception = Status.exception(code, "margin: expected 2");
    assertThat(exception.status()).contains(status);
    assertThat(exception).hasMessage(message);
  }

  @Test
  void missingExplanationIsSaid() {
    assertThat(Status.exception(Crossdistill.CD_UNSUPPORTED, ""))
        .hasMessage("no explanation was given");
  }

  @Test
  void okIsNoException() {
    assertThatCode(() -> Status.check(Crossdistill.CD_OK)).doesNotThrowAnyException();
  }

  @Test
  void codesAreThoseOfTheHeader() {
    assertThat(Status.values()).hasSize(6);
    assertThat(Status.exception(Crossdistill.CD_OUT_OF_MEMORY, "x").status())
        .contains(Status.OUT_OF_MEMORY);
  }
}
