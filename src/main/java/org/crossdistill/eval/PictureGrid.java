package org.crossdistill.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.crossdistill.eval.Retrieval.Hit;

/**
 * A PNG of pictures, each with the texts nearest to it and whether they are right: what a distilled
 * student makes of pictures of classes that it never saw.
 *
 * @param title above the grid
 * @param subtitle below the title; "" for none
 * @param cells the pictures, two a row, at least one
 */
public record PictureGrid(String title, String subtitle, List<Cell> cells) {
  private static final int COLUMNS = 2;
  private static final int MARGIN = 20;
  private static final int GAP = 12;
  private static final int CELL_WIDTH = 400;
  private static final int PADDING = 14;
  private static final int PICTURE = 96;
  private static final int ROW = 24;
  private static final int MARK = 14;
  private static final int SIMILARITY_WIDTH = 48;

  /** How a text found for a picture relates to it. */
  public enum Match {
    /** It is the picture's own text. */
    OWN("its own text"),
    /** It is the text of another picture of the same class. */
    SAME_CLASS("a text of its class"),
    /** It belongs to a picture of another class. */
    OTHER("a text of another class");

    private final String meaning;

    Match(String meaning) {
      this.meaning = meaning;
    }
  }

  /**
   * A text found for a picture.
   *
   * @param text the text; cut where it does not fit
   * @param similarity its cosine to the picture
   * @param match whether it is right
   */
  public record Candidate(String text, double similarity, Match match) {}

  /**
   * One picture.
   *
   * @param picture shown on white, scaled to fit a square
   * @param label what it is
   * @param nearest the texts found, the nearest first
   */
  public record Cell(BufferedImage picture, String label, List<Candidate> nearest) {

    /** Copies the list. */
    public Cell {
      nearest = List.copyOf(nearest);
    }

    /**
     * A cell made from what {@link Retrieval#nearest} found among paired examples.
     *
     * @param picture the picture
     * @param example its index among the examples
     * @param hits the texts found for it
     * @param texts each example's text
     * @param labels each example's class
     */
    public static Cell of(
        BufferedImage picture, int example, List<Hit> hits, List<String> texts, int[] labels) {
      List<Candidate> nearest = new ArrayList<>();
      for (Hit hit : hits) {
        Match match =
            hit.index() == example
                ? Match.OWN
                : labels[hit.index()] == labels[example] ? Match.SAME_CLASS : Match.OTHER;
        nearest.add(new Candidate(texts.get(hit.index()), hit.cosine(), match));
      }
      return new Cell(picture, texts.get(example), nearest);
    }
  }

  /** Checks and copies. */
  public PictureGrid {
    cells = List.copyOf(cells);
    if (cells.isEmpty()) {
      throw new EvalException(
          "picture grid \"%s\": expected at least one picture".formatted(title));
    }
  }

  /**
   * Draws the grid.
   *
   * @return the PNG file's bytes; the same for the same content and fonts
   * @throws EvalException if no text can be drawn on this machine
   */
  public byte[] toPng() {
    int rows = (cells.size() + COLUMNS - 1) / COLUMNS;
    int top = MARGIN + (subtitle.isEmpty() ? 34 : 54);
    int keyTop = top + rows * (cellHeight() + GAP) + 4;
    int inner = COLUMNS * (CELL_WIDTH + GAP) - GAP;
    Canvas canvas = new Canvas(inner + 2 * MARGIN, keyTop + MARK + MARGIN);
    canvas.text(title, Canvas.bold(17), Canvas.INK, MARGIN, MARGIN + 16, inner);
    canvas.text(subtitle, Canvas.regular(13), Canvas.MUTED, MARGIN, MARGIN + 37, inner);
    for (int i = 0; i < cells.size(); i++) {
      drawCell(
          canvas,
          cells.get(i),
          MARGIN + i % COLUMNS * (CELL_WIDTH + GAP),
          top + i / COLUMNS * (cellHeight() + GAP));
    }
    drawKey(canvas, keyTop);
    return canvas.toPng();
  }

  private int cellHeight() {
    int lines = cells.stream().mapToInt(cell -> cell.nearest().size()).max().orElseThrow();
    return 2 * PADDING + Math.max(PICTURE, (lines + 1) * ROW);
  }

  private void drawCell(Canvas canvas, Cell cell, int left, int top) {
    Graphics2D graphics = canvas.graphics();
    graphics.setColor(Canvas.TILE);
    graphics.fill(new RoundRectangle2D.Double(left, top, CELL_WIDTH, cellHeight(), 12, 12));
    drawPicture(graphics, cell.picture(), left + PADDING, top + (cellHeight() - PICTURE) / 2);

    int x = left + PADDING + PICTURE + PADDING;
    int right = left + CELL_WIDTH - PADDING;
    int baseline = top + PADDING + 15;
    canvas.text(cell.label(), Canvas.bold(14), Canvas.INK, x, baseline, right - x);
    for (Candidate candidate : cell.nearest()) {
      baseline += ROW;
      drawCandidate(canvas, candidate, x, right, baseline);
    }
  }

  private static void drawCandidate(
      Canvas canvas, Candidate candidate, int left, int right, int baseline) {
    drawMark(canvas.graphics(), candidate.match(), left, baseline - MARK + 2);
    int textLeft = left + MARK + 8;
    canvas.text(
        candidate.text(),
        candidate.match() == Match.OWN ? Canvas.bold(13) : Canvas.regular(13),
        candidate.match() == Match.OTHER ? Canvas.MUTED : Canvas.INK,
        textLeft,
        baseline,
        right - SIMILARITY_WIDTH - textLeft);
    double rounded = Math.rint(100 * candidate.similarity()) / 100 + 0.0; // no −0.00
    String similarity = String.format(Locale.ROOT, "%.2f", rounded).replace('-', '−');
    canvas.textEndingAt(similarity, Canvas.regular(13), Canvas.MUTED, right, baseline);
  }

  /** Fits the picture into a white square, keeping its proportions. */
  private static void drawPicture(Graphics2D graphics, BufferedImage picture, int left, int top) {
    graphics.setColor(Color.WHITE);
    graphics.fill(new RoundRectangle2D.Double(left, top, PICTURE, PICTURE, 8, 8));
    int longer = Math.max(picture.getWidth(), picture.getHeight());
    int width = Math.max(1, PICTURE * picture.getWidth() / longer);
    int height = Math.max(1, PICTURE * picture.getHeight() / longer);
    graphics.drawImage(
        picture, left + (PICTURE - width) / 2, top + (PICTURE - height) / 2, width, height, null);
  }

  /** A filled disc with a tick, a ring, or a dot: told apart by shape as well as by colour. */
  private static void drawMark(Graphics2D graphics, Match match, int left, int top) {
    switch (match) {
      case OWN -> {
        graphics.setColor(Canvas.GREEN);
        graphics.fill(new Ellipse2D.Double(left, top, MARK, MARK));
        drawTick(graphics, left, top);
      }
      case SAME_CLASS -> {
        graphics.setColor(Canvas.GREEN);
        graphics.setStroke(new BasicStroke(2));
        graphics.draw(new Ellipse2D.Double(left + 2, top + 2, MARK - 4, MARK - 4));
      }
      case OTHER -> {
        graphics.setColor(Canvas.MUTED);
        graphics.fill(new Ellipse2D.Double(left + MARK / 2. - 2, top + MARK / 2. - 2, 4, 4));
      }
    }
  }

  private static void drawTick(Graphics2D graphics, int left, int top) {
    Path2D tick = new Path2D.Double();
    tick.moveTo(left + MARK * .27, top + MARK * .53);
    tick.lineTo(left + MARK * .44, top + MARK * .70);
    tick.lineTo(left + MARK * .74, top + MARK * .33);
    graphics.setColor(Color.WHITE);
    graphics.setStroke(new BasicStroke(1.8f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(tick);
  }

  private static void drawKey(Canvas canvas, int top) {
    int x = MARGIN;
    for (Match match : Match.values()) {
      drawMark(canvas.graphics(), match, x, top);
      x += MARK + 6;
      canvas.text(match.meaning, Canvas.regular(12), Canvas.MUTED, x, top + 12, CELL_WIDTH);
      x += Canvas.textWidth(match.meaning, Canvas.regular(12)) + 24;
    }
    String number = "Numbers: cosine similarity";
    int right = MARGIN + COLUMNS * (CELL_WIDTH + GAP) - GAP;
    canvas.textEndingAt(number, Canvas.regular(12), Canvas.MUTED, right, top + 12);
  }
}
