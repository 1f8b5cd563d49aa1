package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.eval.Plots.Curve;
import org.crossdistill.eval.Plots.Panel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;

class PlotsTest {
  private static final List<Double> EPOCHS = List.of(1., 2., 3., 4.);
  private static final Curve ALONE =
      new Curve("student-alone", EPOCHS, List.of(List.of(40., 36., 33., 32.)));
  private static final Curve CMD =
      new Curve(
          "cmd",
          EPOCHS,
          List.of(
              List.of(39., 35., Double.NaN, 29.),
              List.of(41., 33., 30., Double.NaN),
              List.of(40., Double.NaN, Double.NaN, Double.NaN)));
  private static final Panel PANEL =
      new Panel("Unseen classes", "epoch", "EER (%)", List.of(ALONE, CMD));

  @BeforeEach
  void needsFonts() {
    TestImages.assumeFonts();
  }

  @Test
  void aCurveIsTheMeanOverTheSeedsThatHaveAValue() {
    XYChart chart = CurveChart.of(PANEL, List.of("student-alone", "cmd"), 400, 300);
    assertThat(chart.getSeriesMap().get("student-alone").getYData())
        .containsExactly(40, 36, 33, 32);
    assertThat(chart.getSeriesMap().get("cmd").getXData()).containsExactly(1, 2, 3, 4);
    assertThat(chart.getSeriesMap().get("cmd").getYData()).containsExactly(40, 34, 30, 29);
  }

  @Test
  void aBandIsOneStandardDeviationWhereThereAreSeveralSeeds() {
    XYChart chart = CurveChart.of(PANEL, List.of("student-alone", "cmd"), 400, 300);
    assertThat(chart.getSeriesMap()).doesNotContainKey("student-alone ± std");
    double std = Math.sqrt(2); // of 35 and 33
    assertThat(chart.getSeriesMap().get("cmd ± std").getXData()).containsExactly(2, 1, 1, 2);
    assertThat(chart.getSeriesMap().get("cmd ± std").getYData())
        .containsExactly(34 - std, 39, 41, 34 + std);
  }

  @Test
  void everyMethodHasItsOwnLook() {
    assertThat(
            IntStream.range(0, 28)
                .mapToObj(m -> List.of(Palette.color(m), Palette.marker(m)))
                .distinct())
        .hasSize(28);
  }

  @Test
  void drawsLinesBandsAndLegendAndTouchesNoEdge() {
    BufferedImage one = TestImages.decode(Plots.png("Curves", List.of(PANEL)));
    assertThat(one.getWidth()).isEqualTo(2 * (440 + 2 * 20));
    TestImages.assertWhiteFrame(one, 10);
    assertThat(TestImages.count(one, Palette.color(0).getRGB() & 0xFFFFFF)).isGreaterThan(1_000);
    assertThat(TestImages.count(one, Palette.color(1).getRGB() & 0xFFFFFF)).isGreaterThan(1_000);
    assertThat(TestImages.count(one, Palette.color(2).getRGB() & 0xFFFFFF)).isZero();

    BufferedImage four =
        TestImages.decode(Plots.png("Curves", List.of(PANEL, PANEL, PANEL, PANEL)));
    assertThat(four.getWidth()).isEqualTo(2 * (2 * (440 + 20) + 20));
    TestImages.assertWhiteFrame(four, 10);
  }

  @Test
  void longTitlesAndManyMethodsAreKeptInside() {
    String longName = "a method whose name goes on and on until nothing else fits beside it at all";
    List<Curve> curves =
        IntStream.range(0, 15)
            .mapToObj(m -> new Curve(longName + m, EPOCHS, ALONE.runs()))
            .toList();
    byte[] png = Plots.png(longName + longName, List.of(new Panel(longName, "x", "y", curves)));
    TestImages.assertWhiteFrame(TestImages.decode(png), 10);
  }

  @Test
  void theLegendBreaksIntoRowsThatFit() {
    for (int length = 1; length < 40; length += 6) {
      String name = "m".repeat(length);
      List<Curve> curves =
          IntStream.range(0, 5).mapToObj(m -> new Curve(name + m, EPOCHS, ALONE.runs())).toList();
      byte[] png = Plots.png("Curves", List.of(new Panel("One", "x", "y", curves)));
      TestImages.assertWhiteFrame(TestImages.decode(png), 10);
    }
  }

  @Test
  void oneEpochOrAConstantCurveIsDrawnToo() {
    Curve point = new Curve("cmd", List.of(1.), List.of(List.of(3.), List.of(4.)));
    Curve constant = new Curve("kd", EPOCHS, List.of(List.of(0., 0., 0., 0.)));
    for (Curve curve : List.of(point, constant)) {
      BufferedImage image =
          TestImages.decode(
              Plots.png("Curves", List.of(new Panel("One", "x", "y", List.of(curve)))));
      assertThat(TestImages.count(image, Palette.color(0).getRGB() & 0xFFFFFF)).isGreaterThan(200);
    }
  }

  @Test
  void theSameCurvesGiveTheSameBytes() {
    assertThat(Plots.png("Curves", List.of(PANEL))).isEqualTo(Plots.png("Curves", List.of(PANEL)));
  }

  @Test
  void namesWhatIsWrong() {
    assertThatThrownBy(() -> new Curve("cmd", EPOCHS, List.of(List.of(1.))))
        .isInstanceOf(EvalException.class)
        .hasMessage("curve cmd: expected 4 values in each run, found 1");
    assertThatThrownBy(() -> new Curve("cmd", List.of(1.), List.of(List.of(Double.NaN))))
        .hasMessage("curve cmd: expected at least one value");
    assertThatThrownBy(
            () -> new Curve("cmd", List.of(1.), List.of(List.of(Double.NEGATIVE_INFINITY))))
        .hasMessage("curve cmd holds an infinite value");
    assertThatThrownBy(() -> new Panel("P", "x", "y", List.of()))
        .hasMessage("panel \"P\": expected at least one curve");
    assertThatThrownBy(() -> Plots.png("T", List.of()))
        .hasMessage("plot \"T\": expected at least one panel");
  }
}
