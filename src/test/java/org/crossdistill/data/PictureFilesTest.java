package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFilesTest {

  @TempDir private Path folder;

  private Path save(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes);
  }

  private static byte[] encode(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, format, bytes)).isTrue();
    return bytes.toByteArray();
  }

  private static BufferedImage noise(int type) {
    BufferedImage image = new BufferedImage(40, 30, type);
    for (int i = 0; i < 40 * 30; i++) {
      image.setRGB(i % 40, i / 40, Seeds.random(3, "noise", i).nextInt() | 0xff000000);
    }
    return image;
  }

  @Test
  void readsColours() throws IOException {
    BufferedImage image = noise(BufferedImage.TYPE_INT_RGB);
    Picture picture = PictureFiles.read(save("a.png", encode(image, "png")));
    assertThat(picture.width()).isEqualTo(40);
    assertThat(picture.height()).isEqualTo(30);
    assertThat(picture.value(7, 5, 0)).isEqualTo(image.getRGB(7, 5) >> 16 & 0xff);
    assertThat(picture.value(7, 5, 1)).isEqualTo(image.getRGB(7, 5) >> 8 & 0xff);
    assertThat(picture.value(7, 5, 2)).isEqualTo(image.getRGB(7, 5) & 0xff);
    assertThat(picture.toImage().getRGB(39, 29)).isEqualTo(image.getRGB(39, 29));
  }

  @Test
  void putsTransparencyOnWhite() throws IOException {
    BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
    image.setRGB(0, 0, 0x00102030);
    image.setRGB(1, 0, 0x80000000);
    image.setRGB(2, 0, 0xff102030);
    Picture picture = PictureFiles.read(save("a.png", encode(image, "png")));
    assertThat(picture.rgb()).containsExactly(255, 255, 255, 127, 127, 127, 0x10, 0x20, 0x30);
  }

  @Test
  void readsPalettesOfAnyDepth() throws IOException {
    for (int type : new int[] {BufferedImage.TYPE_BYTE_INDEXED, BufferedImage.TYPE_BYTE_BINARY}) {
      BufferedImage image = noise(type);
      Picture picture = PictureFiles.read(save("a.png", encode(image, "png")));
      for (int x = 0; x < 40; x++) {
        assertThat(picture.toImage().getRGB(x, 17)).isEqualTo(image.getRGB(x, 17));
      }
    }
  }

  @Test
  void greyKeepsItsValues() throws IOException {
    BufferedImage eight = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_GRAY);
    eight.getRaster().setSample(0, 0, 0, 128);
    eight.getRaster().setSample(1, 0, 0, 37);
    assertThat(PictureFiles.read(save("8.png", encode(eight, "png"))).rgb())
        .containsExactly(128, 128, 128, 37, 37, 37);

    BufferedImage sixteen = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    sixteen.getRaster().setSample(0, 0, 0, 128 * 257);
    sixteen.getRaster().setSample(1, 0, 0, 65535);
    assertThat(PictureFiles.read(save("16.png", encode(sixteen, "png"))).rgb())
        .containsExactly(128, 128, 128, 255, 255, 255);
  }

  @Test
  void readsJpeg() throws IOException {
    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 256; i++) {
      image.setRGB(i % 16, i / 16, 0xc02040);
    }
    Picture picture = PictureFiles.read(save("a.jpg", encode(image, "jpg")));
    assertThat(picture.value(8, 8, 0)).isBetween(0xc0 - 3, 0xc0 + 3);
    assertThat(picture.value(8, 8, 2)).isBetween(0x40 - 3, 0x40 + 3);
  }

  @Test
  void missingEmptyAndForeignFilesAreNamed() throws IOException {
    Path missing = folder.resolve("missing.png");
    assertThatThrownBy(() -> PictureFiles.read(missing))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot read " + missing + ": no such file or folder");
    assertThatThrownBy(() -> PictureFiles.read(folder))
        .isInstanceOf(DataException.class)
        .hasMessage("cannot read " + folder + ": is a directory");
    Path empty = save("empty.png", new byte[0]);
    assertThatThrownBy(() -> PictureFiles.read(empty))
        .isInstanceOf(DataException.class)
        .hasMessage(empty + ": expected a PNG or JPEG picture, found an empty file");
    Path text = save("text.png", "not a picture".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> PictureFiles.read(text))
        .isInstanceOf(DataException.class)
        .hasMessage(text + ": expected a PNG or JPEG picture, found another format");
    Path gif = save("a.gif", encode(noise(BufferedImage.TYPE_INT_RGB), "gif"));
    assertThatThrownBy(() -> PictureFiles.read(gif))
        .isInstanceOf(DataException.class)
        .hasMessage(gif + ": expected a PNG or JPEG picture, found another format");
  }

  @Test
  void everyTruncationIsAnErrorOfOneLine() throws IOException {
    for (String format : new String[] {"png", "jpg"}) {
      byte[] whole = encode(noise(BufferedImage.TYPE_INT_RGB), format);
      // A few bytes less than whole only cost the end mark, which decoders do without.
      for (int length = 1; length < whole.length - 30; length += 13) {
        Path file = save("part." + format, Arrays.copyOf(whole, length));
        assertThatThrownBy(() -> PictureFiles.read(file))
            .as("%d of %d bytes of %s", length, whole.length, format)
            .isInstanceOf(DataException.class)
            .hasMessageStartingWith(file + ": ")
            .message()
            .doesNotContain("\n");
      }
    }
  }

  @Test
  void flippedBytesNeverCrash() throws IOException {
    for (String format : new String[] {"png", "jpg"}) {
      byte[] whole = encode(noise(BufferedImage.TYPE_INT_RGB), format);
      for (int i = 0; i < 300; i++) {
        byte[] bad = whole.clone();
        bad[Seeds.random(1, format, i).nextInt(whole.length)] ^= (byte) (1 + i % 255);
        Path file = save("bad." + format, bad);
        try {
          assertThat(PictureFiles.read(file).width()).isPositive();
        } catch (DataException e) {
          assertThat(e).hasMessageStartingWith(file.toString());
        }
      }
    }
  }

  @Test
  void anAbsurdSizeIsRefusedBeforeMemoryIsTaken() throws IOException {
    byte[] png = encode(noise(BufferedImage.TYPE_INT_RGB), "png");
    ByteBuffer header = ByteBuffer.wrap(png);
    header.putInt(16, 1_000_000).putInt(20, 1_000_000);
    CRC32 crc = new CRC32();
    crc.update(png, 12, 17);
    header.putInt(29, (int) crc.getValue());
    Path file = save("bomb.png", png);
    assertThatThrownBy(() -> PictureFiles.read(file))
        .isInstanceOf(DataException.class)
        .hasMessage(file + ": expected at most 67108864 pixels, found 1000000000000");
  }

  @Test
  void aPictureChecksItsBytes() {
    assertThatThrownBy(() -> Picture.of(2, 2, new byte[11]))
        .isInstanceOf(DataException.class)
        .hasMessage("a picture of 2 × 2 pixels takes 12 bytes, found 11");
    assertThatThrownBy(() -> Picture.of(0, 2, new byte[0])).isInstanceOf(DataException.class);
    assertThat(Picture.of(1, 1, new byte[] {1, 2, 3}))
        .isEqualTo(Picture.of(1, 1, new byte[] {1, 2, 3}))
        .isNotEqualTo(Picture.of(1, 1, new byte[] {1, 2, 4}));
  }
}
