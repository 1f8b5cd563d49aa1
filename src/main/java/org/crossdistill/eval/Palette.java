package org.crossdistill.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * How the n-th method looks in every plot: colours after Okabe and Ito, which the colour-blind can
 * tell apart, and markers for those who see or print no colour.
 */
final class Palette {
  static final BasicStroke STROKE =
      new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
  static final int MARKER_SIZE = 8;

  private static final Color[] COLORS = {
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0x009E73),
    new Color(0xCC79A7),
    new Color(0xE69F00),
    new Color(0x56B4E9),
    new Color(0x000000)
  };
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.TRIANGLE_UP, SeriesMarkers.DIAMOND
  };
  private static final int BAND_ALPHA = 38;

  private Palette() {}

  static Color color(int method) {
    return COLORS[method % COLORS.length];
  }

  /** The same colour, so light that several bands may overlap. */
  static Color bandColor(int method) {
    Color color = color(method);
    return new Color(color.getRed(), color.getGreen(), color.getBlue(), BAND_ALPHA);
  }

  static Marker marker(int method) {
    return MARKERS[method % MARKERS.length];
  }

  /** A piece of line with the method's marker in its middle. */
  static void drawSample(Graphics2D graphics, int method, int left, int y, int width) {
    graphics.setColor(color(method));
    graphics.setStroke(STROKE);
    graphics.drawLine(left, y, left + width, y);
    marker(method).paint(graphics, left + width / 2.0, y, MARKER_SIZE);
  }
}
