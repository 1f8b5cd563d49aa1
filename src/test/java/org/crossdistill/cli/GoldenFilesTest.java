package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.crossdistill.JavaProcess;
import org.crossdistill.SharedFolder;
import org.crossdistill.kernel.Isa;
import org.crossdistill.nn.TorchThreads;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Answers that another framework computed in float64, where they are on this machine. */
final class GoldenFilesTest {

  private static final List<String> LOSSES =
      List.of(
          "feature-margin",
          "margin-classifier",
          "quality-weights",
          "kd",
          "nontarget-kd",
          "zero-logit-kd",
          "c2kd",
          "kendall-tau",
          "dkd",
          "nkd",
          "lskd",
          "rkd",
          "sp",
          "pkt",
          "dist",
          "discom-kd");

  private static final List<String> DTYPES = List.of("f64", "f32", "bf16", "f16");

  private static final List<Integer> THREADS = List.of(1, 2);

  /** Main class of child processes: all losses and element types on the CPU kernels. */
  static final class AllOnCpu {
    private AllOnCpu() {}

    public static void main(String[] arguments) {
      int failures = 0;
      for (int threads : THREADS) {
        TorchThreads.set(threads);
        for (String loss : LOSSES) {
          for (String dtype : DTYPES) {
            String folder = SharedFolder.resolve("oracles/" + loss).toString();
            failures +=
                Main.commandLine()
                    .execute("loss", folder, "--check", "--backend", "cpu", "--dtype", dtype);
          }
        }
      }
      System.exit(failures);
    }
  }

  static Stream<Arguments> lossesTypesAndBackends() {
    return LOSSES.stream()
        .flatMap(
            loss ->
                DTYPES.stream()
                    .flatMap(
                        dtype ->
                            Stream.of("cpu", "reference")
                                .map(backend -> Arguments.of(loss, dtype, backend))));
  }

  @ParameterizedTest
  @MethodSource("lossesTypesAndBackends")
  void everyFileIsWithinTheTolerance(String loss, String dtype, String backend) throws IOException {
    Path folder = SharedFolder.require("oracles/" + loss);
    CommandRun run =
        CommandRun.of("loss", folder.toString(), "--check", "--dtype", dtype, "--backend", backend);
    assertThat(run.err()).isEmpty();
    assertThat(run.code()).describedAs(run.out()).isZero();
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(run.out()).contains(files.count() + " files").contains("passed");
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyInstructionSetIsWithinTheToleranceWithAnyThreads(Isa isa) throws Exception {
    SharedFolder.require("oracles");
    assumeTrue(isa.isSupported(), "this CPU has no " + isa.label());
    JavaProcess.Result result =
        new JavaProcess(AllOnCpu.class)
            .environment(Isa.ENVIRONMENT, isa.label())
            .option(SharedFolder.option())
            .run();
    assertThat(result.err()).doesNotContain("crossdistill:");
    assertThat(result.exitCode()).describedAs(result.out()).isZero();
    List<String> lines = result.out().lines().toList();
    int perThreads = LOSSES.size() * DTYPES.size();
    assertThat(lines).hasSize(perThreads * THREADS.size());
    // They hold the worst errors, which threads don't change.
    assertThat(lines.subList(perThreads, lines.size())).isEqualTo(lines.subList(0, perThreads));
  }
}
