package org.crossdistill.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.crossdistill.data.LabelledSamples.Part;

/**
 * Grey pictures on the disk: idx files of pictures and of labels, or folders that hold one folder
 * of PNG and JPEG files for each class.
 *
 * @param train idx file of the training pictures, or their folder
 * @param trainLabels idx file of their labels; "" for a folder
 * @param test idx file of the test pictures, or their folder
 * @param testLabels idx file of their labels; "" for a folder
 * @param size side of the pictures that a network sees, in pixels, 8 to 1024
 * @param ink which end of the scale is drawn
 */
public record PictureSource(
    @FilePath String train,
    @FilePath String trainLabels,
    @FilePath String test,
    @FilePath String testLabels,
    int size,
    Ink ink) {

  /** Which end of the scale is drawn. */
  public enum Ink {
    /** Bright strokes on black, as in MNIST. */
    BRIGHT,
    /** Dark strokes on white, as on paper. */
    DARK
  }

  private static final int MAX = 255;

  /** {@return no files; 28 × 28, bright} */
  public static PictureSource defaults() {
    return new PictureSource("", "", "", "", 28, Ink.BRIGHT);
  }

  /** Checks the size. */
  public PictureSource {
    if (size < 8 || size > 1024) {
      throw new DataException("size: expected from 8 to 1024, found " + size);
    }
  }

  private record Loaded(
      List<float[]> ink, List<String> classes, List<Part> parts, List<String> ids) {

    void add(float[] picture, String name, Part part, String id) {
      ink.add(picture);
      classes.add(name);
      parts.add(part);
      ids.add(id);
    }
  }

  /**
   * Reads all pictures.
   *
   * @throws DataException naming the file or folder that is missing or not as it must be
   */
  public LabelledSamples read() {
    Loaded all =
        new Loaded(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    read("train", train, trainLabels, Part.TRAIN, all);
    read("test", test, testLabels, Part.TEST, all);
    Samples samples = new PictureSamples(all.ink.toArray(float[][]::new), 1, transform());
    return new LabelledSamples(
        train + " and " + test, samples, all.classes, all.parts, all.ids, List.of());
  }

  private void read(String key, String path, String labels, Part part, Loaded all) {
    if (path.isEmpty()) {
      throw new DataException("pictures." + key + ": expected an idx file or a folder, found none");
    }
    Path file = Path.of(path);
    if (Files.isDirectory(file)) {
      readFolder(file, part, all);
    } else if (labels.isEmpty()) {
      throw new DataException(
          Files.exists(file)
              ? "pictures." + key + "-labels: expected the idx file of the labels, found none"
              : "cannot read " + file + ": no such file or folder");
    } else {
      readIdx(file, Path.of(labels), part, all);
    }
  }

  private void readIdx(Path file, Path labelFile, Part part, Loaded all) {
    IdxFile pictures = IdxFile.read(file, 3);
    IdxFile labels = IdxFile.read(labelFile, 1);
    int count = pictures.shape()[0];
    if (labels.shape()[0] != count) {
      throw new DataException(
          "%s: expected %d labels, one for each picture of %s, found %d"
              .formatted(labelFile, count, file, labels.shape()[0]));
    }
    int height = pictures.shape()[1];
    int width = pictures.shape()[2];
    for (int i = 0; i < count; i++) {
      byte[] rgb = new byte[height * width * Picture.CHANNELS];
      for (int j = 0; j < rgb.length; j++) {
        rgb[j] = pictures.values()[i * height * width + j / Picture.CHANNELS];
      }
      String name = Integer.toString(labels.values()[i] & 0xff);
      all.add(grey(new Picture(width, height, rgb)), name, part, Integer.toString(i));
    }
  }

  private void readFolder(Path folder, Part part, Loaded all) {
    int before = all.classes.size();
    for (Path classFolder : list(folder)) {
      if (Files.isDirectory(classFolder)) {
        String name = classFolder.getFileName().toString();
        for (Path file : list(classFolder)) {
          String id = name + "/" + file.getFileName();
          all.add(grey(PictureFiles.read(file)), name, part, id);
        }
      }
    }
    if (all.classes.size() == before) {
      throw new DataException(
          folder + ": expected a folder of pictures for each class, found no picture");
    }
  }

  private static List<Path> list(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
    } catch (IOException e) {
      throw IoErrors.cannotRead(folder, e);
    }
  }

  /**
   * What a network sees of a picture file.
   *
   * @return normalised, [size·size]
   * @throws DataException if it is no picture
   */
  public float[] input(Path file) {
    float[] ink = grey(PictureFiles.read(file));
    transform().normalise(ink);
    return ink;
  }

  private PictureTransform transform() {
    PictureTransform usual = PictureTransform.DEFAULT;
    return new PictureTransform(size, usual.mean(), usual.std());
  }

  /** Ink of one channel; the picture is inverted first where bright is drawn. */
  private float[] grey(Picture picture) {
    Picture dark = ink == Ink.DARK ? picture : inverted(picture);
    float[] colours = transform().ink(dark);
    float[] grey = new float[size * size];
    for (int i = 0; i < grey.length; i++) {
      float sum = colours[i] + colours[i + grey.length] + colours[i + 2 * grey.length];
      grey[i] = sum / Picture.CHANNELS;
    }
    return grey;
  }

  private static Picture inverted(Picture picture) {
    byte[] rgb = new byte[picture.width() * picture.height() * Picture.CHANNELS];
    int at = 0;
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        for (int channel = 0; channel < Picture.CHANNELS; channel++) {
          rgb[at++] = (byte) (MAX - picture.value(x, y, channel));
        }
      }
    }
    return new Picture(picture.width(), picture.height(), rgb);
  }
}
