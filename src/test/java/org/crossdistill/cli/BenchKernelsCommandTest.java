package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.crossdistill.JavaProcess;
import org.crossdistill.kernel.Isa;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BenchKernelsCommandTest {

  @TempDir Path folder;

  private CommandRun bench(String... more) {
    List<String> arguments = new ArrayList<>(List.of("bench", "kernels"));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments.toArray(new String[0]));
  }

  @Test
  void tableAndJsonHoldTheSameRows() throws IOException {
    Path json = folder.resolve("rows.json");
    CommandRun run =
        bench(
            "--quick",
            "--only",
            "(quality|^kd student 256|-kd student 256)",
            "--seconds",
            "0.01",
            "--json",
            json.toString());

    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("kernels on " + Isa.active().label());
    assertThat(run.out().lines().filter(line -> line.startsWith("| ")))
        .hasSize(5) // the head and four rows
        .anyMatch(line -> line.startsWith("| kd student ") && line.contains("| 256x1000 "));
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    assertThat(rows.isArray()).isTrue();
    assertThat(rows).hasSize(4);
    rows.forEach(BenchKernelsCommandTest::checkRow);
    assertThat(rows.get(3).get("kernel").asText()).isEqualTo("quality-weights");
  }

  private static void checkRow(JsonNode row) {
    List<String> keys = new ArrayList<>();
    row.fieldNames().forEachRemaining(keys::add);
    assertThat(keys)
        .startsWith(
            "kernel",
            "variant",
            "backend",
            "isa",
            "shape",
            "dtype",
            "threads",
            "median_ns",
            "spread",
            "bytes",
            "flops",
            "roofline_share",
            "speedup_vs_reference",
            "error_vs_f64",
            "extra_bytes")
        .contains(
            "reference_median_ns",
            "reference_error_vs_f64",
            "reference_extra_bytes",
            "products_median_ns",
            "speedup_vs_products");
    assertThat(row.get("backend").asText()).isEqualTo("cpu");
    assertThat(row.get("isa").asText()).isEqualTo(Isa.active().label());
    assertThat(row.get("threads").asInt()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(row.get("median_ns").asDouble()).isPositive();
    assertThat(row.get("speedup_vs_reference").asDouble()).isPositive();
    assertThat(row.get("error_vs_f64").asDouble()).isLessThan(1e-5);
    assertThat(row.get("flops").isNull()).isTrue(); // they are no matrix products
    assertThat(row.get("machine").get("cores").asInt())
        .isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(row.get("machine").get("date").asText()).endsWith("Z");
  }

  @Test
  void thePinnedInstructionSetIsMeasuredAndNoOther() throws Exception {
    Path json = folder.resolve("rows.json");
    JavaProcess.Result run =
        new JavaProcess(Main.class)
            .environment(Isa.ENVIRONMENT, "portable")
            .run(
                "bench",
                "kernels",
                "--only",
                "kd student 256x1000 f32, 1", // dkd, kd, lskd, nkd, nontarget-kd and zero-logit-kd
                "--seconds",
                "0.01",
                "--json",
                json.toString());
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    assertThat(rows).allMatch(row -> row.get("isa").asText().equals("portable"));
    assertThat(rows).allMatch(row -> row.get("threads").asInt() == 1);
    assertThat(rows).hasSize(6);
  }

  @Test
  void withoutAPinAllInstructionSetsAreMeasured() throws Exception {
    Path json = folder.resolve("rows.json");
    JavaProcess.Result run =
        new JavaProcess(Main.class)
            .run(
                "bench",
                "kernels",
                "--only",
                "^kd student 256x1000 f32",
                "--seconds",
                "0.01",
                "--json",
                json.toString());
    assertThat(run.exitCode()).as(run.err()).isZero();
    List<String> isas = new ArrayList<>();
    new ObjectMapper().readTree(json.toFile()).forEach(row -> isas.add(row.get("isa").asText()));
    for (Isa isa : Isa.values()) {
      assertThat(isas.contains(isa.label())).as(isa.label()).isEqualTo(isa.isSupported());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"--seconds=0", "--seconds=nan", "--only=no such line", "--only=(", "--fast"})
  void aWrongOptionIsExitCodeTwo(String option) {
    CommandRun run = bench("--quick", option);
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines().findFirst().orElse("")).startsWith("crossdistill: ");
  }

  @Test
  void aFileThatCannotBeWrittenIsFoundOutBeforeMeasuring() {
    Path json = folder.resolve("missing/rows.json");
    CommandRun run = bench("--json", json.toString());
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("crossdistill: --json: expected").contains(json.toString());
    assertThat(Files.exists(json)).isFalse();
  }

  @Test
  void whatIsMeasuredIsACommand() {
    assertThat(CommandRun.of("bench").code()).isEqualTo(ExitCode.USAGE);
    assertThat(CommandRun.of("bench", "kernels", "--help").out()).contains("--quick", "--json");
  }
}
