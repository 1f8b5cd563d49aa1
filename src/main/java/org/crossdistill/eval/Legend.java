package org.crossdistill.eval;

import java.awt.Font;
import java.util.ArrayList;
import java.util.List;

/** The names of the methods of a plot, each behind a sample of its line, in rows that fit. */
final class Legend {
  private static final Font FONT = Canvas.regular(13);
  private static final int ROW = 24;
  private static final int SAMPLE = 34;
  private static final int SPACE = 8; // between the sample and the name
  private static final int GAP = 26; // between entries

  private final List<String> methods;
  private final int width;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * Lays the entries out.
   *
   * @param methods the names, whose order decides colours and markers
   * @param width in logical pixels
   */
  Legend(List<String> methods, int width) {
    this.methods = methods;
    this.width = width;
    int used = 0;
    for (String method : methods) {
      if (rows.isEmpty() || used + entryWidth(method) > width) {
        rows.add(new ArrayList<>());
        used = 0;
      }
      rows.get(rows.size() - 1).add(method);
      used += entryWidth(method) + GAP;
    }
  }

  /** In logical pixels. */
  int height() {
    return rows.size() * ROW;
  }

  void draw(Canvas canvas, int left, int top) {
    int middle = top + ROW / 2;
    for (List<String> row : rows) {
      int x = left;
      for (String name : row) {
        Palette.drawSample(canvas.graphics(), methods.indexOf(name), x, middle, SAMPLE);
        canvas.text(name, FONT, Canvas.INK, x + SAMPLE + SPACE, middle + 5, longestName());
        x += entryWidth(name) + GAP;
      }
      middle += ROW;
    }
  }

  private int entryWidth(String name) {
    return SAMPLE + SPACE + Math.min(Canvas.textWidth(name, FONT), longestName());
  }

  private int longestName() {
    return width - SAMPLE - SPACE;
  }
}
