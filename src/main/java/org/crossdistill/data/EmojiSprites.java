package org.crossdistill.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The Noto emoji in the sprite sheets of an Android archive, which the build copies. */
final class EmojiSprites {

  private static final String RESOURCE = "emoji-google-android.aar";
  private static final Pattern SHEET = Pattern.compile("res/.*/emoji_google_sheet_(\\d+)\\.png");
  private static final Pattern CHUNK = Pattern.compile(".*CategoryChunk\\d+\\.class");

  /** Side of a picture; two pixels more with its border. */
  private static final int SIDE = 64;

  private static final int BORDER = 1;
  private static final int STEP = SIDE + 2 * BORDER;

  private final Map<Integer, byte[]> sheetFiles = new TreeMap<>();
  private final EmojiPositions positions = new EmojiPositions();
  private final Map<Integer, BufferedImage> sheets = new ConcurrentHashMap<>();

  private EmojiSprites() {}

  static EmojiSprites read() {
    EmojiSprites sprites = new EmojiSprites();
    try (InputStream in = EmojiSprites.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new DataException(
            "class path: expected " + RESOURCE + ", which the Maven build copies, found none");
      }
      sprites.readArchive(new ZipInputStream(in));
    } catch (IOException e) {
      throw new DataException("class path: cannot read " + RESOURCE + ": " + e.getMessage(), e);
    }
    sprites.decodeSheets();
    return sprites;
  }

  /** The picture of an emoji, or null when there is none. */
  Picture picture(String emoji) {
    EmojiPositions.Position position =
        positions.positions().get(EmojiDataset.withoutVariationSelector(emoji));
    if (position == null) {
      return null;
    }
    BufferedImage sheet = sheets.get(position.sheet());
    int y = STEP * position.row() + BORDER;
    if (sheet == null || sheet.getHeight() < y + SIDE) {
      throw new DataException(
          "emoji pictures: expected '" + emoji + "' in the sheets, found no " + position);
    }
    return PictureFiles.onWhite(sheet, BORDER, y, SIDE, SIDE);
  }

  private void readArchive(ZipInputStream archive) throws IOException {
    for (ZipEntry entry; (entry = archive.getNextEntry()) != null; ) {
      Matcher sheet = SHEET.matcher(entry.getName());
      if (sheet.matches()) {
        sheetFiles.put(Integer.valueOf(sheet.group(1)), archive.readAllBytes());
      } else if (entry.getName().equals("classes.jar")) {
        readClasses(new ZipInputStream(new ByteArrayInputStream(archive.readAllBytes())));
      }
    }
  }

  private void readClasses(ZipInputStream jar) throws IOException {
    for (ZipEntry entry; (entry = jar.getNextEntry()) != null; ) {
      if (CHUNK.matcher(entry.getName()).matches()) {
        positions.add(jar.readAllBytes());
      }
    }
  }

  private void decodeSheets() {
    sheetFiles.entrySet().parallelStream()
        .forEach(
            file -> {
              String name = RESOURCE + ", sheet " + file.getKey();
              sheets.put(file.getKey(), PictureFiles.decode(name, file.getValue()));
            });
  }
}
