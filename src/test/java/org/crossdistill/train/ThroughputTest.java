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
    assertThat(rows)
        .allMatch(row -> row.steps().size() == 2 && row.networks().size() == 2)
        .allMatch(row -> row.steps().get(1) > 0 && row.networks().get(1) > 0);
    // Four encoders, two of them on the texts' thousands of features, against one.
    assertThat(rows.get(1).passes(rows.get(0)).median()).isPositive();
  }

  @Test
  void differencesAreTakenWithinARound() {
    // The third round was disturbed, and both arms with it.
    Throughput.Row alone =
        new Throughput.Row("", "alone", List.of(10.0, 12.0, 30.0), List.of(9.0, 11.0, 29.0));
    Throughput.Row other =
        new Throughput.Row("", "other", List.of(13.0, 16.0, 35.0), List.of(10.0, 13.0, 32.0));

    assertThat(other.step()).isEqualTo(16);
    assertThat(other.stepsPerSecond()).isEqualTo(62.5);
    assertThat(other.overhead(alone)).isEqualTo(new Throughput.Difference(4, 0.5));
    assertThat(other.passes(alone)).isEqualTo(new Throughput.Difference(2, 0.5));
    assertThat(other.losses(alone)).isEqualTo(new Throughput.Difference(2, 0));
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
