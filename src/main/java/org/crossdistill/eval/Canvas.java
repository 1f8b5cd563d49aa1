package org.crossdistill.eval;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A white page to draw on in logical pixels, rendered with twice as many in each direction, so that
 * it is sharp on dense screens and in print. Needs no display. The same drawing with the same fonts
 * gives the same PNG bytes. Not safe for several threads.
 */
final class Canvas {
  static {
    // Pictures need no display, and one that does not answer must not make them fail. This stands
    // first: already the first Color decides for the whole process.
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true");
    }
  }

  static final Color INK = new Color(0x1F2328);
  static final Color MUTED = new Color(0x59636E);
  static final Color GREEN = new Color(0x00875F);
  static final Color TILE = new Color(0xF6F8FA);
  static final Color LINE = new Color(0xD1D9E0);

  private static final int SCALE = 2;
  private static final FontRenderContext TEXT =
      new FontRenderContext(AffineTransform.getScaleInstance(SCALE, SCALE), true, true);

  private final BufferedImage image;
  private final Graphics2D graphics;

  /**
   * @param width in logical pixels
   * @param height in logical pixels
   * @throws EvalException if no text can be drawn on this machine
   */
  Canvas(int width, int height) {
    requireFonts();
    image = new BufferedImage(SCALE * width, SCALE * height, BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    graphics.scale(SCALE, SCALE);
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
  }

  Graphics2D graphics() {
    return graphics;
  }

  /** Text that starts at x on the baseline y and ends in … where it would be wider than width. */
  void text(String text, Font font, Color color, int x, int y, int width) {
    graphics.setFont(font);
    graphics.setColor(color);
    graphics.drawString(ellipsized(text, font, width), x, y);
  }

  /** Text that ends at x on the baseline y. */
  void textEndingAt(String text, Font font, Color color, int x, int y) {
    text(text, font, color, x - textWidth(text, font), y, Integer.MAX_VALUE);
  }

  /** The width of a text in logical pixels, rounded up. */
  static int textWidth(String text, Font font) {
    return (int) Math.ceil(font.getStringBounds(text, TEXT).getWidth());
  }

  /** The page as a PNG file. */
  byte[] toPng() {
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // ImageIO's own cache would be a file in the temporary folder.
    try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", stream)) {
        throw new EvalException("picture: this Java has no PNG encoder");
      }
    } catch (IOException e) {
      throw new EvalException("picture: cannot be encoded: " + e.getMessage(), e);
    }
    return bytes.toByteArray();
  }

  static Font regular(int size) {
    return new Font(Font.SANS_SERIF, Font.PLAIN, size);
  }

  static Font bold(int size) {
    return new Font(Font.SANS_SERIF, Font.BOLD, size);
  }

  /** The text if it fits, else its longest beginning that fits together with an ellipsis. */
  static String ellipsized(String text, Font font, int width) {
    if (textWidth(text, font) <= width) {
      return text;
    }
    int end = text.length();
    while (end > 0 && textWidth(text.substring(0, end).stripTrailing() + "…", font) > width) {
      end = text.offsetByCodePoints(end, -1);
    }
    return text.substring(0, end).stripTrailing() + "…";
  }

  /**
   * Java draws text only where the system has fontconfig, FreeType and at least one font; minimal
   * systems have none of them, and each gap shows as another Error from deep inside.
   */
  static void requireFonts() {
    requireFonts(() -> textWidth("±", regular(12)));
  }

  static void requireFonts(Runnable measuresText) {
    try {
      measuresText.run();
    } catch (RuntimeException | Error e) {
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      throw new EvalException(
          "no text can be drawn, Java finds no fonts (Debian: apt install fontconfig"
              + " fonts-dejavu-core; Fedora: dnf install fontconfig dejavu-sans-fonts): "
              + String.valueOf(root.getMessage()).lines().findFirst().orElse(""),
          e);
    }
  }
}
