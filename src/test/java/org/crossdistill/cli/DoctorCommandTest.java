package org.crossdistill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.crossdistill.JavaProcess;
import org.crossdistill.JavaProcess.Result;
import org.crossdistill.kernel.Backends;
import org.crossdistill.kernel.Isa;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each in a process of its own: what it tells is decided when the library is loaded. */
final class DoctorCommandTest {

  private static JsonNode json(Result result) throws Exception {
    return new ObjectMapper().readTree(result.out());
  }

  private static JavaProcess doctor() {
    return new JavaProcess(Main.class);
  }

  @Test
  void withTheLibraryTheKernelsRunOnTheBestInstructionSet() throws Exception {
    Result result = doctor().run("doctor", "--json");
    JsonNode json = json(result);
    assertThat(result.exitCode()).isZero();
    assertThat(json.at("/healthy").asBoolean()).isTrue();
    String backend = Backends.active().label();
    assertThat(json.at("/backend/active").asText()).isEqualTo(backend).isIn("cuda", "cpu");
    assertThat(json.at("/backend/not-cuda").asText().isBlank()).isEqualTo(backend.equals("cuda"));
    assertThat(json.at("/cpu/instruction-set").asText()).isEqualTo(Isa.active().label());
    assertThat(json.at("/cpu/classifier-products").asText())
        .startsWith("fused tiles")
        .endsWith("no BLAS");
    assertThat(json.at("/cpu/pinned").asText()).isEqualTo("no");
    assertThat(json.at("/training/backend").asText()).isEqualTo(backend);
    assertThat(json.at("/training/last-loss").asDouble())
        .isLessThan(json.at("/training/first-loss").asDouble());
    assertThat(json.at("/threads/libtorch").asInt()).isPositive();
    assertThat(json.at("/versions/libtorch").asText()).startsWith("2.");
    assertThat(json.at("/files/native-library").asText()).contains("jniCrossdistill");
  }

  @Test
  void pinnedInstructionSetIsTold() throws Exception {
    Result result = doctor().environment(Isa.ENVIRONMENT, "portable").run("doctor", "--json");
    assertThat(result.exitCode()).isZero();
    assertThat(json(result).at("/cpu/instruction-set").asText()).isEqualTo("portable");
    assertThat(json(result).at("/cpu/pinned").asText()).isEqualTo("CROSSDISTILL_ISA=portable");
    assertThat(json(result).at("/backend/active").asText()).isEqualTo(Backends.active().label());
  }

  @Test
  void pinnedBackendThatCannotBeHadIsNoTrainingAndNoSilentReference() throws Exception {
    Result result =
        doctor()
            .environment("CROSSDISTILL_NATIVE", "off")
            .environment("CROSSDISTILL_BACKEND", "cpu")
            .run("doctor", "--json");
    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(json(result).at("/backend/active").asText()).isEqualTo("none");
    assertThat(json(result).at("/training/works").asBoolean()).isFalse();
    assertThat(json(result).at("/training/problem").asText())
        .contains("backend cpu", "switched off");
  }

  @ParameterizedTest
  @CsvSource({
    "CROSSDISTILL_NATIVE, 'on, off'",
    "CROSSDISTILL_BACKEND, 'auto, cuda, cpu, reference'",
    "CROSSDISTILL_ISA, 'portable, avx2, avx512, avx512bf16, amx'",
  })
  void unknownSettingIsAWrongCommandLine(String name, String known) throws Exception {
    Result result = doctor().environment(name, "maybe").run("doctor");
    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .isEqualTo("crossdistill: " + name + ": expected one of " + known + "; found 'maybe'\n");
  }

  @Test
  void withoutTheLibraryTheReferenceTrains() throws Exception {
    Result result = doctor().environment("CROSSDISTILL_NATIVE", "off").run("doctor", "--json");
    JsonNode json = json(result);
    assertThat(result.exitCode()).isZero();
    assertThat(json.at("/backend/active").asText()).isEqualTo("reference");
    assertThat(json.at("/backend/not-cpu").asText()).contains("switched off");
    assertThat(json.at("/cpu/instruction-set").isNull()).isTrue();
    assertThat(json.at("/training/backend").asText()).isEqualTo("reference");
    assertThat(json.at("/training/works").asBoolean()).isTrue();
  }

  @Test
  void textHasALineForEachFact() {
    CommandRun run = CommandRun.of("doctor");
    assertThat(run.code()).isZero();
    assertThat(run.out())
        .containsPattern("(?m)^backend\\R  active +" + Backends.active().label() + "$")
        .containsPattern("(?m)^  instruction-set +" + Isa.active().label() + "$")
        .containsPattern("(?m)^  works +true$");
  }
}
