package org.crossdistill.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.crossdistill.eval.Plots.Curve;
import org.crossdistill.eval.Plots.Panel;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** One panel as an XChart chart without title and legend. */
final class CurveChart {
  private static final Color NO_COLOR = new Color(0, 0, 0, 0);
  private static final int MARKERS_A_CURVE = 6;

  private CurveChart() {}

  /**
   * Makes the chart.
   *
   * @param methods the names of all methods, whose order decides colours and markers
   */
  static XYChart of(Panel panel, List<String> methods, int width, int height) {
    XYChart chart =
        new XYChartBuilder()
            .width(width)
            .height(height)
            .xAxisTitle(panel.xLabel())
            .yAxisTitle(panel.yLabel())
            .build();
    style(chart.getStyler());
    for (Curve curve : panel.curves()) { // bands first: lines lie on top of all of them
      addBand(chart, curve, methods.indexOf(curve.name()));
    }
    for (Curve curve : panel.curves()) {
      addLine(chart, curve, methods.indexOf(curve.name()));
    }
    return chart;
  }

  private static void style(XYStyler styler) {
    styler.setLegendVisible(false);
    styler.setLocale(Locale.ROOT);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setChartFontColor(Canvas.INK);
    styler.setChartTitleVisible(false);
    styler.setChartPadding(8);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setPlotContentSize(.96);
    styler.setPlotMargin(0);
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setPlotGridLinesColor(Canvas.LINE);
    styler.setPlotGridLinesStroke(new BasicStroke(.75f));
    styler.setMarkerSize(Palette.MARKER_SIZE);
    styler.setAxisTitleFont(Canvas.regular(13));
    styler.setAxisTickLabelsFont(Canvas.regular(12));
    styler.setAxisTickLabelsColor(Canvas.INK);
    styler.setAxisTickMarksColor(Canvas.MUTED);
    styler.setAxisTicksLineVisible(true);
  }

  private static void addLine(XYChart chart, Curve curve, int method) {
    List<Double> x = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (int i = 0; i < curve.x().size(); i++) {
      double position = curve.x().get(i);
      curve
          .at(i)
          .ifPresent(
              summary -> {
                x.add(position);
                y.add(summary.mean());
              });
    }
    XYSeries line = chart.addSeries(curve.name(), x, y);
    line.setLineColor(Palette.color(method));
    line.setLineStyle(Palette.STROKE);
    line.setMarker(SeriesMarkers.NONE);
    addMarkers(chart, curve.name(), x, y, method);
  }

  /** A few markers along the curve, at other places for each method, so that they don't collide. */
  private static void addMarkers(
      XYChart chart, String name, List<Double> x, List<Double> y, int method) {
    int step = Math.max(1, x.size() / MARKERS_A_CURVE);
    int first = (step / 2 + method * Math.max(1, step / 4)) % step;
    int[] chosen = IntStream.iterate(first, i -> i < x.size(), i -> i + step).toArray();
    XYSeries markers =
        chart.addSeries(
            name + " markers",
            Arrays.stream(chosen).mapToDouble(x::get).toArray(),
            Arrays.stream(chosen).mapToDouble(y::get).toArray());
    markers.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
    markers.setMarker(Palette.marker(method));
    markers.setMarkerColor(Palette.color(method));
  }

  /** A closed polygon: along mean + std, and back along mean − std. */
  private static void addBand(XYChart chart, Curve curve, int method) {
    Deque<Double> x = new ArrayDeque<>();
    Deque<Double> y = new ArrayDeque<>();
    for (int i = 0; i < curve.x().size(); i++) {
      double position = curve.x().get(i);
      curve
          .at(i)
          .filter(summary -> summary.count() > 1)
          .ifPresent(
              summary -> {
                x.addFirst(position);
                y.addFirst(summary.mean() - summary.std());
                x.addLast(position);
                y.addLast(summary.mean() + summary.std());
              });
    }
    if (!x.isEmpty()) {
      XYSeries band = chart.addSeries(curve.name() + " ± std", List.copyOf(x), List.copyOf(y));
      band.setXYSeriesRenderStyle(XYSeriesRenderStyle.PolygonArea);
      band.setFillColor(Palette.bandColor(method));
      band.setLineColor(NO_COLOR);
      band.setMarker(SeriesMarkers.NONE);
    }
  }
}
