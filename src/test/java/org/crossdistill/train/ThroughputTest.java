package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class ThroughputTest {

  private static final String CONFIG =
      """
      [data]
      split = "closed"
      label = "group"
      per-class = 4
      picture-size = 8
      [teacher]
      embedding = 4
      [student]
      channels = [4]
      embedding = 4
      [train]
      batch-size = 8
      [[arm]]
      name = "student-alone"
      method = { name = "none" }
      [[arm]]
      name = "discom-kd"
      method = { name = "discom-kd", size = 4 }
      """;

  private static final ExperimentFile FILE =
      ExperimentFile.of(TomlConfig.parse(CONFIG, "test"), List.of());

  @Test
  void measuresEveryArmAndSeesThePassesOfFourEncoders() {
    List<String> lines = new ArrayList<>();
    int threads = torch.get_num_threads();
    List<Throughput.Row> rows;
    try {
      rows = Throughput.measure(FILE, 2, lines::add, () -> false);
    } finally {
      torch.set_num_threads(threads);
    }

    assertThat(rows.stream().map(Throughput.Row::arm))
        .containsExactly("student-alone", "discom-kd");
    assertThat(lines).hasSize(5);
    assertThat(rows).allMatch(row -> row.step() > 0 && row.networks() > 0);
    assertThat(rows.get(0).stepsPerSecond()).isEqualTo(1000 / rows.get(0).step());
    // Four encoders, two of them on the texts' thousands of features, against one.
    assertThat(rows.get(1).networks()).isGreaterThan(rows.get(0).networks());
  }

  @Test
  void stopsWhenAsked() {
    assertThatThrownBy(() -> Throughput.measure(FILE, 1, line -> {}, () -> true))
        .isInstanceOf(StoppedException.class);
    assertThatThrownBy(() -> Throughput.measure(FILE, 0, line -> {}, () -> false))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("--rounds: expected at least 1, found 0");
  }
}
