package org.crossdistill.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.crossdistill.data.PairedSample;
import org.crossdistill.eval.PictureGrid;
import org.crossdistill.eval.Retrieval;
import org.crossdistill.train.OpenSetGallery;

/**
 * A few pictures of unseen classes with the texts that a model finds for them. The first picture of
 * evenly spaced classes: whatever the model makes of them.
 */
final class UnseenPictures {

  private static final int COUNT = 8;
  private static final int TEXTS = 3;

  private final OpenSetGallery gallery;
  private final int[] chosen;

  private UnseenPictures(OpenSetGallery gallery, int[] chosen) {
    this.gallery = gallery;
    this.chosen = chosen;
  }

  static UnseenPictures of(OpenSetGallery gallery) {
    int classes = gallery.classes().size();
    int count = Math.min(COUNT, classes);
    int[] chosen =
        IntStream.range(0, count).map(i -> first(gallery, i * classes / count)).toArray();
    return new UnseenPictures(gallery, chosen);
  }

  private static int first(OpenSetGallery gallery, int label) {
    return IntStream.range(0, gallery.labels().length)
        .filter(i -> gallery.labels()[i] == label)
        .findFirst()
        .orElseThrow();
  }

  /** The pictures and their nearest texts among those of all unseen samples; PNG. */
  byte[] grid() {
    float[][] queries =
        IntStream.of(chosen).mapToObj(i -> gallery.pictures()[i]).toArray(float[][]::new);
    List<List<Retrieval.Hit>> hits = Retrieval.nearest(queries, gallery.texts(), TEXTS);
    List<String> titles = gallery.samples().stream().map(PairedSample::title).toList();
    List<PictureGrid.Cell> cells = new ArrayList<>();
    for (int i = 0; i < chosen.length; i++) {
      BufferedImage picture = gallery.samples().get(chosen[i]).picture().toImage();
      cells.add(PictureGrid.Cell.of(picture, chosen[i], hits.get(i), titles, gallery.labels()));
    }
    String subtitle =
        "nearest of %d texts, none of them and none of these classes seen in training"
            .formatted(titles.size());
    return new PictureGrid("Pictures of unseen classes", subtitle, cells).toPng();
  }

  /** The first of the pictures as a PNG file. */
  byte[] example() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(gallery.samples().get(chosen[0]).picture().toImage(), "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
