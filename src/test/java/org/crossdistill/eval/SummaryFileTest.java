package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SummaryFileTest {

  @Test
  void everyRowHasTheSixMetrics() throws IOException {
    JsonNode json = new ObjectMapper().readTree(summary(TestResults.ROWS).toJson());

    JsonNode alone = json.path("results").path(0);
    assertThat(alone.path("name").asText()).isEqualTo("student-alone");
    assertThat(alone.properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("name", "eer", "shot1", "shot5", "zeroshot", "matching", "seconds");
    assertThat(alone.path("eer").toString()).isEqualTo("[0.31,0.3,0.32]");
    assertThat(alone.path("seconds").toString()).isEqualTo("[18.25,17.5,18.0]");
    assertThat(alone.path("zeroshot").isNull()).isTrue();
    JsonNode shuffled = json.path("results").path(2);
    assertThat(shuffled.path("zeroshot").toString()).isEqualTo("[0.04,null,0.03]");
    assertThat(shuffled.path("seconds").isNull()).isTrue();
  }

  @Test
  void saysHowItWasMade() throws IOException {
    Map<String, Object> run = new LinkedHashMap<>();
    run.put("command", "crossdistill quickstart --out \"a b\"");
    run.put("version", "0.1.0");
    run.put("seeds", List.of(1, 2, 3));
    run.put("backend", Map.of("name", "cpu", "isa", "avx2"));
    SummaryFile file = new SummaryFile(run, List.of(TestResults.CMD.onData("emoji")));

    JsonNode json = new ObjectMapper().readTree(file.toJson());

    assertThat(json.properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("command", "version", "seeds", "backend", "results");
    assertThat(json.path("seeds").toString()).isEqualTo("[1,2,3]");
    assertThat(json.path("results").path(0).path("data").asText()).isEqualTo("emoji");
    assertThat(SummaryFile.parse(file.toJson(), "summary.json")).isEqualTo(file);
  }

  @Test
  void theSameContentGivesTheSameBytesAndComesBackUnchanged() {
    SummaryFile file =
        summary(
            List.of(
                TestResults.ALONE,
                new ResultRow("kd", "", Map.of(Metric.ACCURACY, List.of(2. / 3, 1e-9)))));
    assertThat(file.toJson()).isEqualTo(summary(file.results()).toJson()).endsWith('\n');
    assertThat(SummaryFile.parse(file.toJson(), "summary.json")).isEqualTo(file);
  }

  @Test
  void namesSourceRowAndKey() {
    assertRefused("{\"results\": [", "s.json: no valid JSON at line 1: Unexpected end-of-input");
    assertRefused("[]", "s.json: expected an object with a list \"results\"");
    assertRefused("", "s.json: expected an object with a list \"results\"");
    assertRefused(
        "{\"results\": [{\"eer\": [1]}]}",
        "s.json: results[0]: expected an object with a \"name\"");
    assertRefused(
        "{\"results\": [{\"name\": \"a\", \"err\": [1]}]}",
        "s.json: results[0]: unknown key \"err\"");
    assertRefused(
        "{\"results\": [{\"name\": \"a\", \"eer\": 1}]}",
        "s.json: results[0]: \"eer\": expected a list of numbers, found 1");
    assertRefused(
        "{\"results\": [{\"name\": \"a\", \"eer\": [\"1\"]}]}",
        "s.json: results[0]: \"eer\": expected a number or null, found \"1\"");
  }

  @Test
  void refusesWhatCannotBeToldApart() {
    assertThatThrownBy(() -> summary(List.of(TestResults.CMD, TestResults.CMD)))
        .isInstanceOf(EvalException.class)
        .hasMessage("summary: two rows named cmd");
    assertThatThrownBy(
            () ->
                summary(List.of(TestResults.CMD.onData("emoji"), TestResults.CMD.onData("emoji"))))
        .hasMessage("summary: two rows named cmd on emoji");
    assertThatThrownBy(() -> new SummaryFile(Map.of("results", 1), List.of()))
        .hasMessage("summary: the key results is taken by the result rows");
  }

  private static SummaryFile summary(List<ResultRow> rows) {
    return new SummaryFile(Map.of(), rows);
  }

  private static void assertRefused(String json, String message) {
    assertThatThrownBy(() -> SummaryFile.parse(json.getBytes(StandardCharsets.UTF_8), "s.json"))
        .isInstanceOf(EvalException.class)
        .message()
        .startsWith(message)
        .hasLineCount(1);
  }
}
