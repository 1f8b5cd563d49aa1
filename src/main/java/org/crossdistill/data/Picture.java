package org.crossdistill.data;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Objects;

/** A picture of 8-bit RGB pixels without transparency. Immutable. */
public final class Picture {

  /** Values per pixel: red, green, blue. */
  public static final int CHANNELS = 3;

  private final int width;
  private final int height;
  private final byte[] rgb;

  /** Takes over the array. */
  Picture(int width, int height, byte[] rgb) {
    if (width < 1 || height < 1 || rgb.length != (long) CHANNELS * width * height) {
      throw new DataException(
          "a picture of %d × %d pixels takes %d bytes, found %d"
              .formatted(width, height, (long) CHANNELS * width * height, rgb.length));
    }
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /**
   * Copies pixels.
   *
   * @param width in pixels, at least 1
   * @param height in pixels, at least 1
   * @param rgb unsigned bytes [height, width, 3]
   * @return a picture of them
   * @throws DataException when the number of bytes is another
   */
  public static Picture of(int width, int height, byte[] rgb) {
    return new Picture(width, height, rgb.clone());
  }

  /** {@return pixels in a row} */
  public int width() {
    return width;
  }

  /** {@return rows} */
  public int height() {
    return height;
  }

  /** {@return a copy of the unsigned bytes [height, width, 3]} */
  public byte[] rgb() {
    return rgb.clone();
  }

  /**
   * Reads one value.
   *
   * @param x column
   * @param y row
   * @param channel 0 red, 1 green, 2 blue
   * @return 0 to 255
   * @throws IndexOutOfBoundsException outside the picture
   */
  public int value(int x, int y, int channel) {
    int pixel = Objects.checkIndex(y, height) * width + Objects.checkIndex(x, width);
    return rgb[pixel * CHANNELS + Objects.checkIndex(channel, CHANNELS)] & 0xff;
  }

  /** {@return a copy for drawing} */
  public BufferedImage toImage() {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, value(x, y, 0) << 16 | value(x, y, 1) << 8 | value(x, y, 2));
      }
    }
    return image;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Picture picture
        && width == picture.width
        && height == picture.height
        && Arrays.equals(rgb, picture.rgb);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(rgb) * 31 + width;
  }

  @Override
  public String toString() {
    return "picture of " + width + " × " + height + " pixels";
  }
}
