package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudentTTest {

  /** Values of the published t tables. */
  @ParameterizedTest
  @CsvSource({
    ".95, 1, 12.7062047361747",
    ".95, 2, 4.30265272974946",
    ".95, 3, 3.18244630528371",
    ".95, 4, 2.77644510519779",
    ".95, 5, 2.57058183563631",
    ".95, 7, 2.36462425159278",
    ".95, 9, 2.26215716279820",
    ".95, 10, 2.22813885198627",
    ".95, 30, 2.04227245630124",
    ".95, 120, 1.97993040508244",
    ".99, 1, 63.6567411628715",
    ".99, 4, 4.60409487134999",
    ".90, 2, 2.91998558035373",
    ".50, 3, 0.764892328404345"
  })
  void agreesWithPublishedTables(double confidence, int degreesOfFreedom, double quantile) {
    assertThat(StudentT.twoSidedQuantile(confidence, degreesOfFreedom))
        .isEqualTo(quantile, within(1e-12 * quantile));
  }

  @Test
  void approachesTheNormalDistribution() {
    assertThat(StudentT.twoSidedQuantile(.95, 100_000)).isEqualTo(1.95996398454, within(3e-5));
  }
}
