package org.crossdistill.data;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Set;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Reads PNG and JPEG pictures. Thread-safe. */
public final class PictureFiles {

  private static final Set<String> FORMATS = Set.of("png", "JPEG");
  private static final Pattern DAMAGE =
      Pattern.compile("premature end|bad Huffman code|Truncated File");
  private static final long MAX_PIXELS = 1L << 26;

  /** Largest value of a colour or of opacity. */
  private static final int MAX = 0xff;

  private PictureFiles() {}

  /**
   * Reads a picture and puts what is transparent in it on white.
   *
   * @param file PNG or JPEG, up to 64 megapixels
   * @return its pixels
   * @throws DataException naming the file: missing, empty, of another format, corrupt or too large
   */
  public static Picture read(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw IoErrors.cannotRead(file, e);
    }
    BufferedImage image = decode(file.toString(), bytes);
    return onWhite(image, 0, 0, image.getWidth(), image.getHeight());
  }

  /** Decodes a whole file, which errors call {@code source}. */
  static BufferedImage decode(String source, byte[] bytes) {
    if (bytes.length == 0) {
      throw new DataException(source + ": expected a PNG or JPEG picture, found an empty file");
    }
    // In memory: ImageIO's own streams would make temporary files.
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      ImageReader reader = reader(source, in);
      try {
        return decode(source, reader, in);
      } finally {
        reader.dispose();
      }
    } catch (IOException e) {
      throw corrupt(source, e);
    }
  }

  private static ImageReader reader(String source, ImageInputStream in) throws IOException {
    for (Iterator<ImageReader> readers = ImageIO.getImageReaders(in); readers.hasNext(); ) {
      ImageReader reader = readers.next();
      if (FORMATS.contains(reader.getFormatName())) {
        return reader;
      }
    }
    throw new DataException(source + ": expected a PNG or JPEG picture, found another format");
  }

  private static BufferedImage decode(String source, ImageReader reader, ImageInputStream in)
      throws IOException {
    reader.setInput(in, true, true);
    String[] warning = new String[1];
    reader.addIIOReadWarningListener((from, text) -> warning[0] = text);
    try {
      long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
      if (pixels > MAX_PIXELS) {
        throw new DataException(
            source + ": expected at most " + MAX_PIXELS + " pixels, found " + pixels);
      }
      BufferedImage image = reader.read(0);
      // What is missing of a JPEG is filled with grey, and a warning is all one hears of it.
      if (warning[0] != null && DAMAGE.matcher(warning[0]).find()) {
        throw new DataException(source + ": the picture is corrupt: " + warning[0]);
      }
      return image;
    } catch (DataException e) {
      throw e;
    } catch (RuntimeException e) {
      // The decoders meet bad bytes with index and argument errors, too.
      throw corrupt(source, e);
    }
  }

  private static DataException corrupt(String source, Exception cause) {
    String text =
        cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    String line = text.lines().findFirst().orElse("unreadable");
    return new DataException(source + ": the picture is corrupt: " + line, cause);
  }

  /** Cuts a rectangle out of an image and composes it on white. */
  static Picture onWhite(BufferedImage image, int x, int y, int width, int height) {
    int[] pixels = rgbOnWhite(image, x, y, width, height);
    byte[] rgb = new byte[pixels.length * Picture.CHANNELS];
    for (int i = 0, at = 0; i < pixels.length; i++) {
      rgb[at++] = (byte) (pixels[i] >> 16);
      rgb[at++] = (byte) (pixels[i] >> 8);
      rgb[at++] = (byte) pixels[i];
    }
    return new Picture(width, height, rgb);
  }

  private static int[] rgbOnWhite(BufferedImage image, int x, int y, int width, int height) {
    ColorModel colours = image.getColorModel();
    if (colours instanceof IndexColorModel palette) {
      return lookUp(image.getRaster(), palette, x, y, width, height);
    }
    int[] pixels =
        colours.getColorSpace().getType() == ColorSpace.TYPE_GRAY
            ? grey(image.getRaster(), x, y, width, height)
            : image.getRGB(x, y, width, height, null, 0, width);
    composeOnWhite(pixels);
    return pixels;
  }

  private static int[] lookUp(
      Raster raster, IndexColorModel palette, int x, int y, int width, int height) {
    int[] colours = new int[palette.getMapSize()];
    palette.getRGBs(colours);
    composeOnWhite(colours);
    // Palettes of PNG have at most 256 colours, so that indices are bytes.
    byte[] indices = (byte[]) raster.getDataElements(x, y, width, height, null);
    int[] pixels = new int[indices.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = colours[indices[i] & 0xff];
    }
    return pixels;
  }

  /** Turns ARGB into RGB, in place. */
  private static void composeOnWhite(int[] argb) {
    for (int i = 0; i < argb.length; i++) {
      int alpha = argb[i] >>> 24;
      int rgb = 0;
      for (int shift = 16; shift >= 0; shift -= 8) {
        int value = (argb[i] >>> shift) & MAX;
        int composed = (value * alpha + MAX * (MAX - alpha) + MAX / 2) / MAX;
        rgb |= composed << shift;
      }
      argb[i] = rgb;
    }
  }

  /** Java takes grey for linear and would brighten it; files mean the same values as in RGB. */
  private static int[] grey(Raster raster, int x, int y, int width, int height) {
    int[] pixels = raster.getSamples(x, y, width, height, 0, (int[]) null);
    boolean transparent = raster.getNumBands() > 1;
    int[] alphas = transparent ? raster.getSamples(x, y, width, height, 1, (int[]) null) : null;
    int max = (1 << raster.getSampleModel().getSampleSize(0)) - 1;
    for (int i = 0; i < pixels.length; i++) {
      int value = (pixels[i] * MAX + max / 2) / max;
      int alpha = alphas == null ? MAX : (alphas[i] * MAX + max / 2) / max;
      pixels[i] = alpha << 24 | value << 16 | value << 8 | value;
    }
    return pixels;
  }
}
