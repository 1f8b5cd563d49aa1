package org.crossdistill.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Paired differences to the baseline with their confidence intervals as a PNG: one panel for each
 * data set and metric, in it one point a method. Above zero is better in every panel.
 */
public final class DifferencePlot {
  private static final int PANEL_WIDTH = 440;
  private static final int PANEL_HEIGHT = 340;
  private static final int PANEL_TITLE_HEIGHT = 22;
  private static final int MARGIN = 20;
  private static final int TITLE_HEIGHT = 30;
  private static final int MOST_COLUMNS = 3;

  private record Point(String method, double mean, double half) {}

  private record Panel(String title, List<Point> points) {}

  private DifferencePlot() {}

  /** Whether any method has a difference to a baseline. */
  public static boolean hasContent(List<ResultTable> tables) {
    return !panels(tables).isEmpty();
  }

  /**
   * Draws the panels, at most three a row.
   *
   * @param title above all panels
   * @param tables of one data set each
   * @throws EvalException if there is no difference to show, or no text can be drawn here
   */
  public static byte[] png(String title, List<ResultTable> tables) {
    List<Panel> panels = panels(tables);
    if (panels.isEmpty()) {
      throw new EvalException("plot \"%s\": no method has a difference to show".formatted(title));
    }
    Canvas.requireFonts();
    int columns = Math.min(panels.size(), MOST_COLUMNS);
    int rows = (panels.size() + columns - 1) / columns;
    int width = columns * (PANEL_WIDTH + MARGIN) - MARGIN;
    int top = MARGIN + TITLE_HEIGHT;
    Canvas canvas = new Canvas(width + 2 * MARGIN, top + rows * (PANEL_HEIGHT + MARGIN) + MARGIN);
    canvas.text(title, Canvas.bold(17), Canvas.INK, MARGIN, MARGIN + 16, width);
    for (int p = 0; p < panels.size(); p++) {
      int left = MARGIN + p % columns * (PANEL_WIDTH + MARGIN);
      draw(canvas, panels.get(p), left, top + p / columns * (PANEL_HEIGHT + MARGIN));
    }
    String note = "Points: mean over the seeds of the paired difference; bars: 95 % interval.";
    int bottom = top + rows * (PANEL_HEIGHT + MARGIN);
    canvas.text(note, Canvas.regular(12), Canvas.MUTED, MARGIN, bottom, width);
    return canvas.toPng();
  }

  private static List<Panel> panels(List<ResultTable> tables) {
    List<Panel> panels = new ArrayList<>();
    for (ResultTable table : tables) {
      for (Metric metric : table.columns()) {
        List<Point> points = points(table, metric);
        if (!points.isEmpty()) {
          String data = table.rows().get(0).data();
          String what = metric.lowerIsBetter() ? metric.key() + ", points saved" : metric.key();
          panels.add(new Panel(data.isEmpty() ? what : data + ": " + what, points));
        }
      }
    }
    return panels;
  }

  private static List<Point> points(ResultTable table, Metric metric) {
    List<Point> points = new ArrayList<>();
    double sign = metric.lowerIsBetter() ? -1 : 1;
    double unit = metric.isFraction() ? 100 : 1;
    for (ResultRow row : table.compared()) {
      table
          .baselineRow()
          .flatMap(baseline -> row.difference(baseline, metric))
          .ifPresent(
              difference -> {
                double half = difference.confidenceHalfWidth(ResultTable.CONFIDENCE);
                points.add(
                    new Point(
                        row.name(),
                        sign * unit * difference.mean(),
                        Double.isNaN(half) ? 0 : unit * half));
              });
    }
    return points;
  }

  private static void draw(Canvas canvas, Panel panel, int left, int top) {
    canvas.text(panel.title(), Canvas.bold(14), Canvas.INK, left, top + 14, PANEL_WIDTH);
    int height = PANEL_HEIGHT - PANEL_TITLE_HEIGHT;
    Graphics2D part =
        (Graphics2D) canvas.graphics().create(left, top + PANEL_TITLE_HEIGHT, PANEL_WIDTH, height);
    chart(panel, height).paint(part, PANEL_WIDTH, height);
    part.dispose();
  }

  private static CategoryChart chart(Panel panel, int height) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(PANEL_WIDTH)
            .height(height)
            .yAxisTitle("difference, percentage points")
            .build();
    style(chart.getStyler());
    List<String> methods = panel.points().stream().map(Point::method).toList();
    CategorySeries zero =
        chart.addSeries("zero", methods, Collections.nCopies(methods.size(), 0.0));
    zero.setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line);
    zero.setMarker(SeriesMarkers.NONE);
    zero.setLineColor(Canvas.MUTED);
    zero.setLineStyle(new BasicStroke(1));
    CategorySeries points =
        chart.addSeries(
            "difference",
            methods,
            panel.points().stream().map(Point::mean).toList(),
            panel.points().stream().map(Point::half).toList());
    points.setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Scatter);
    points.setMarker(SeriesMarkers.CIRCLE);
    points.setMarkerColor(Palette.color(0));
    return chart;
  }

  private static void style(CategoryStyler styler) {
    styler.setLegendVisible(false);
    styler.setLocale(Locale.ROOT);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setChartFontColor(Canvas.INK);
    styler.setChartTitleVisible(false);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridVerticalLinesVisible(false);
    styler.setPlotGridLinesColor(Canvas.LINE);
    styler.setPlotGridLinesStroke(new BasicStroke(.75f));
    styler.setMarkerSize(Palette.MARKER_SIZE);
    styler.setErrorBarsColor(Palette.color(0));
    styler.setAxisTitleFont(Canvas.regular(13));
    styler.setAxisTickLabelsFont(Canvas.regular(12));
    styler.setAxisTickLabelsColor(Canvas.INK);
    styler.setXAxisLabelRotation(90);
    styler.setYAxisDecimalPattern("0.0");
  }
}
