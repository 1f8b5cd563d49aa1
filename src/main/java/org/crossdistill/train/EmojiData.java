package org.crossdistill.train;

import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.ClosedSplit;
import org.crossdistill.data.DataException;
import org.crossdistill.data.EmojiDataset;
import org.crossdistill.data.OpenSplit;
import org.crossdistill.data.PairedSample;
import org.crossdistill.data.PairedSamples;
import org.crossdistill.data.Picture;
import org.crossdistill.data.PictureSamples;
import org.crossdistill.data.PictureTransform;
import org.crossdistill.data.Samples;
import org.crossdistill.data.Split;
import org.crossdistill.data.TextSamples;

/** Loads the emoji and divides them for one seed. */
final class EmojiData {

  private EmojiData() {}

  static PreparedData prepare(EmojiOptions options, long seed) {
    PairedSamples samples = samples(options);
    Split split = split(options, samples, seed);
    int[] all = IntStream.range(0, samples.size()).toArray();
    Samples texts = new TextSamples(samples.texts(all), samples.texts(split.train().samples()));
    return new PreparedData(
        Modality.of(Kind.PICTURE, pictures(options.transform(), samples), split),
        Modality.of(Kind.TEXT, texts, split),
        ExamplePairing.of(all, split, split, options.control(), seed),
        samples.samples());
  }

  private static PairedSamples samples(EmojiOptions options) {
    PairedSamples samples =
        EmojiDataset.load()
            .withFrequentClasses(options.label(), options.minSamples(), options.minBases());
    List<String> classes = samples.labels(options.label()).classes();
    if (classes.size() < 2) {
      throw new DataException(
          "column '%s': expected at least two classes of %d samples and %d bases, found only %s"
              .formatted(options.label(), options.minSamples(), options.minBases(), classes));
    }
    return samples;
  }

  private static Samples pictures(PictureTransform transform, PairedSamples samples) {
    float[][] ink =
        samples.samples().stream()
            .map(PairedSample::picture)
            .map(transform::ink)
            .toArray(float[][]::new);
    return new PictureSamples(ink, Picture.CHANNELS, transform);
  }

  private static Split split(EmojiOptions options, PairedSamples samples, long seed) {
    if (options.open()) {
      double validation = options.validationFraction();
      return new OpenSplit(options.seenFraction(), validation).draw(samples, options.label(), seed);
    }
    return new ClosedSplit(
            options.validationFraction(),
            options.testFraction(),
            options.perClass() == 0 ? ClosedSplit.ALL : options.perClass(),
            options.labelled() == 0 ? ClosedSplit.ALL : options.labelled())
        .draw(samples, options.label(), seed);
  }
}
