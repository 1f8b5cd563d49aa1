package org.crossdistill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TableTest {

  private static final Machine MACHINE =
      new Machine(
          "a processor",
          "L1d 32 KiB",
          1 << 25,
          "avx2 fma",
          2,
          8L << 30,
          "avx2",
          2,
          2,
          "an OS",
          "a JDK",
          "2.10",
          "0.1.0",
          "abcdef0",
          "2026-01-02T03:04:05Z",
          0.1);

  private static final Row TIMED =
      Row.timed("kd", "student", "cpu", "4x9", "f32", 1, 1_500, 0.04, MACHINE);

  @Test
  void headNamesWhatTheNumbersDependOn() {
    assertThat(Table.of(MACHINE, List.of()).lines().limit(2))
        .containsExactly(
            "a processor, 2 cores, L1d 32 KiB, 8 GiB; kernels on avx2 (avx2 fma)",
            "crossdistill 0.1.0 at abcdef0, LibTorch 2.10, a JDK, an OS, 2026-01-02T03:04:05Z");
  }

  @Test
  void aRowOfMarkdownWithADashForWhatWasNotMeasured() {
    String text = Table.of(MACHINE, List.of(full(), TIMED.comparedWith(6_000)));
    List<String> lines = text.lines().filter(line -> line.startsWith("|")).toList();
    assertThat(lines).hasSize(4).extracting(String::length).containsOnly(lines.get(0).length());
    assertThat(lines.get(1)).matches("[|:-]+");
    assertThat(cells(lines.get(2)))
        .containsExactly(
            "margin-classifier aam",
            "4x9x8",
            "bf16",
            "2",
            "avx2",
            "2.00 ms",
            "5 %",
            "150 GFLOP/s",
            "0.75",
            "8.00 ms",
            "4.0×",
            "1.0e-03",
            "2.0e-03",
            "1.5 MB",
            "90.0 MB");
    assertThat(cells(lines.get(3)))
        .containsExactly(
            "kd student",
            "4x9",
            "f32",
            "1",
            "avx2",
            "1.5 µs",
            "2 %",
            "–",
            "–",
            "6.0 µs",
            "4.0×",
            "–",
            "–",
            "–",
            "–");
  }

  @Test
  void timesHaveUnits() {
    assertThat(Table.time(12.34)).isEqualTo("12.3 ns");
    assertThat(Table.time(-12_340)).isEqualTo("-12.3 µs");
    assertThat(Table.time(12_340_000)).isEqualTo("12.34 ms");
    assertThat(Table.time(2.5e9)).isEqualTo("2.50 s");
  }

  private static Row full() {
    return new Row(
        "margin-classifier",
        "aam",
        "cpu",
        "avx2",
        "4x9x8",
        "bf16",
        2,
        2e6,
        0.1,
        1_000L,
        300_000_000L,
        0.75,
        4.0,
        1e-3,
        1_500_000L,
        8e6,
        2e-3,
        90_000_000L,
        MACHINE);
  }

  private static List<String> cells(String line) {
    return List.of(line.substring(1, line.length() - 1).strip().split(" *\\| *"));
  }
}
