package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GpuVersionsTest {

  private static final String FITS =
      "driver for CUDA 13.1, kernels 13.0, LibTorch 13.1, cuDNN 9.19: fit";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "13010 | 13000 | 13010 | 91900 | 91900 | " + FITS,
        "13010 | 13000 | 13010 | 91000 | 91900 | " + FITS,
        "0 | 13000 | 0 | 0 | 0 | no NVIDIA driver",
        "12080 | 13000 | 13010 | 91900 | 91900 | driver: expected one for CUDA 13, found one for"
            + " CUDA 12.8",
        "13000 | 13000 | 0 | 0 | 0 | LibTorch: expected its GPU build (mvn -Pgpu), found the CPU's",
        "13010 | 0 | 13010 | 91900 | 91900 | kernels: built without CUDA (no nvcc was found)",
        "13010 | 12040 | 13010 | 91900 | 91900 | CUDA: expected one major version, found 12.4 in"
            + " the kernels and 13.1 in LibTorch",
        "13010 | 13000 | 13010 | 91900 | 0 | cuDNN: expected version 9.19, found none",
        "13010 | 13000 | 13010 | 91900 | 8902 | cuDNN: expected version 9.19 or a newer one of 9,"
            + " found 8.9",
        "13010 | 13000 | 13010 | 91900 | 90100 | cuDNN: expected version 9.19 or a newer one of 9,"
            + " found 9.1",
      })
  void oneLineSaysWhatDoesNotFit(
      int driver, int kernels, int libTorch, long wanted, long found, String line) {
    GpuVersions versions = new GpuVersions(driver, kernels, libTorch, wanted, found);
    assertThat(versions.describe()).isEqualTo(line);
  }

  @Test
  void allThatDoesNotFitIsNamed() {
    assertThat(new GpuVersions(12080, 13000, 13010, 91900, 8902).problems()).hasSize(2);
  }
}
