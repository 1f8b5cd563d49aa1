package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.crossdistill.SharedFolder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses without a native kernel against the answers of another program. */
final class GoldenCompositionsTest {

  private static CommandRun check(String loss, String dtype, String backend) throws IOException {
    Path folder = SharedFolder.require("oracles/" + loss);
    CommandRun run =
        CommandRun.of("loss", folder.toString(), "--check", "--dtype", dtype, "--backend", backend);
    assertThat(run.code()).describedAs(run.out()).isZero();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(run.out()).contains(files.count() + " files").contains("passed");
    }
    return run;
  }

  @ParameterizedTest
  @ValueSource(strings = {"nkd", "lskd", "dist", "rkd", "sp", "pkt"})
  void everyFileIsWithinTheTolerance(String loss) throws IOException {
    for (String dtype : new String[] {"f64", "f32"}) {
      assertThat(check(loss, dtype, "reference").err()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"sp, f64", "dist, f32", "nkd, f32", "lskd, f32"})
  void requiredKernelsAreSaidToBeMissingAndTheCompositionIsMeasured(String loss, String dtype)
      throws IOException {
    CommandRun run = check(loss, dtype, "cpu");

    assertThat(run.err())
        .isEqualToIgnoringNewLines(
            loss + ": no native kernel for cpu; runs as a composition of LibTorch operations");
    assertThat(run.out()).contains("reference");
  }
}
