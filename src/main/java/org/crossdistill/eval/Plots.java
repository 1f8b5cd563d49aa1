package org.crossdistill.eval;

import java.awt.Graphics2D;
import java.util.List;
import java.util.Optional;

/**
 * Curves over epochs as a PNG: panels side by side under one legend; each curve is the mean over
 * the seeds, with a band of ± one sample standard deviation where there are several. A method looks
 * the same in every panel.
 */
public final class Plots {
  private static final int PANEL_WIDTH = 440;
  private static final int PANEL_HEIGHT = 320;
  private static final int PANEL_TITLE_HEIGHT = 22;
  private static final int MOST_COLUMNS = 3;
  private static final int MARGIN = 20;
  private static final int TITLE_HEIGHT = 30;
  private static final int NOTE_HEIGHT = 16;
  private static final String NOTE = "Lines: mean over the seeds; bands: ± one standard deviation.";

  private Plots() {}

  /**
   * One method's course.
   *
   * @param name the method, for the legend
   * @param x where it was measured, for example epochs, ascending
   * @param runs one list a seed, each with one value for every x; NaN where it was not measured
   */
  public record Curve(String name, List<Double> x, List<List<Double>> runs) {

    /** Checks and copies. */
    public Curve {
      x = List.copyOf(x);
      runs = runs.stream().map(List::copyOf).toList();
      for (List<Double> run : runs) {
        if (run.size() != x.size()) {
          throw new EvalException(
              "curve %s: expected %d values in each run, found %d"
                  .formatted(name, x.size(), run.size()));
        }
      }
      if (runs.stream().flatMap(List::stream).anyMatch(value -> value.isInfinite())) {
        throw new EvalException("curve %s holds an infinite value".formatted(name));
      }
      if (runs.stream().flatMap(List::stream).allMatch(value -> value.isNaN())) {
        throw new EvalException("curve %s: expected at least one value".formatted(name));
      }
    }

    /** The mean and spread over the seeds that have a value at the i-th x; empty if none has. */
    Optional<Summary> at(int i) {
      List<Double> values = runs.stream().map(run -> run.get(i)).filter(y -> !y.isNaN()).toList();
      return values.isEmpty() ? Optional.empty() : Optional.of(Summary.of(values));
    }
  }

  /**
   * One pair of axes.
   *
   * @param title what is shown
   * @param xLabel the horizontal axis, with its unit
   * @param yLabel the vertical axis, with its unit
   * @param curves the methods, at least one
   */
  public record Panel(String title, String xLabel, String yLabel, List<Curve> curves) {

    /** Checks and copies. */
    public Panel {
      curves = List.copyOf(curves);
      if (curves.isEmpty()) {
        throw new EvalException("panel \"%s\": expected at least one curve".formatted(title));
      }
    }
  }

  /**
   * Draws the panels, at most three a row.
   *
   * @param title above all panels
   * @param panels at least one
   * @return the PNG file's bytes
   * @throws EvalException if no text can be drawn on this machine
   */
  public static byte[] png(String title, List<Panel> panels) {
    if (panels.isEmpty()) {
      throw new EvalException("plot \"%s\": expected at least one panel".formatted(title));
    }
    Canvas.requireFonts();
    List<String> methods =
        panels.stream().flatMap(p -> p.curves().stream()).map(Curve::name).distinct().toList();
    int columns = panels.size() == 4 ? 2 : Math.min(panels.size(), MOST_COLUMNS);
    int rows = (panels.size() + columns - 1) / columns;
    int width = columns * (PANEL_WIDTH + MARGIN) - MARGIN;
    Legend legend = new Legend(methods, width);
    int top = MARGIN + TITLE_HEIGHT + legend.height() + MARGIN / 2;
    int noteTop = top + rows * (PANEL_HEIGHT + MARGIN);
    Canvas canvas = new Canvas(width + 2 * MARGIN, noteTop + NOTE_HEIGHT);
    canvas.text(title, Canvas.bold(17), Canvas.INK, MARGIN, MARGIN + 16, width);
    legend.draw(canvas, MARGIN, MARGIN + TITLE_HEIGHT);
    for (int p = 0; p < panels.size(); p++) {
      int left = MARGIN + p % columns * (PANEL_WIDTH + MARGIN);
      int above = top + p / columns * (PANEL_HEIGHT + MARGIN);
      drawPanel(canvas, panels.get(p), methods, left, above);
    }
    if (panels.stream().flatMap(p -> p.curves().stream()).anyMatch(c -> c.runs().size() > 1)) {
      canvas.text(NOTE, Canvas.regular(12), Canvas.MUTED, MARGIN, noteTop, width);
    }
    return canvas.toPng();
  }

  private static void drawPanel(
      Canvas canvas, Panel panel, List<String> methods, int left, int top) {
    canvas.text(panel.title(), Canvas.bold(14), Canvas.INK, left, top + 14, PANEL_WIDTH);
    int height = PANEL_HEIGHT - PANEL_TITLE_HEIGHT;
    Graphics2D part =
        (Graphics2D) canvas.graphics().create(left, top + PANEL_TITLE_HEIGHT, PANEL_WIDTH, height);
    CurveChart.of(panel, methods, PANEL_WIDTH, height).paint(part, PANEL_WIDTH, height);
    part.dispose();
  }
}
