package org.crossdistill.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** Looks at the pixels of drawn PNGs. */
final class TestImages {
  private static final int WHITE = 0xFFFFFF;

  private TestImages() {}

  /** Skips a test that draws where Java finds no fonts, and says so. */
  static void assumeFonts() {
    try {
      Canvas.requireFonts();
    } catch (EvalException e) {
      assumeTrue(false, e.getMessage());
    }
  }

  static BufferedImage decode(byte[] png) {
    try {
      return ImageIO.read(new ByteArrayInputStream(png));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int rgb(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xFFFFFF;
  }

  static long count(BufferedImage image, int color) {
    long count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        if (rgb(image, x, y) == color) {
          count++;
        }
      }
    }
    return count;
  }

  /** Nothing may touch the outermost pixels: a clipped text or line would. */
  static void assertWhiteFrame(BufferedImage image, int thickness) {
    List<String> touched = new ArrayList<>();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        boolean inside =
            x >= thickness
                && y >= thickness
                && x < image.getWidth() - thickness
                && y < image.getHeight() - thickness;
        if (!inside && rgb(image, x, y) != WHITE) {
          touched.add("(%d, %d)".formatted(x, y));
        }
      }
    }
    assertThat(touched).as("pixels of the frame that are not white").isEmpty();
  }
}
