package org.crossdistill.train;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.crossdistill.data.ClosedSplit;
import org.crossdistill.data.EmojiDataset;
import org.crossdistill.data.Labels;
import org.crossdistill.data.OpenSplit;
import org.crossdistill.data.PairedSample;
import org.crossdistill.data.PairedSamples;
import org.crossdistill.data.Permutations;
import org.crossdistill.data.PictureTransform;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;
import org.crossdistill.train.DataOptions.Control;

/** Loads a data set and divides it for one seed. */
final class Preparation {

  private Preparation() {}

  static PreparedData prepare(DataOptions options, long seed) {
    PairedSamples samples =
        EmojiDataset.load()
            .withFrequentClasses(options.label(), options.minSamples(), options.minBases());
    Split split = split(options, samples, seed);
    int[] labels = new int[samples.size()];
    Arrays.fill(labels, Labels.NONE);
    for (Subset part : new Subset[] {split.train(), split.validation(), split.test()}) {
      int[] rows = part.samples();
      int[] classes = part.labels();
      IntStream.range(0, rows.length).forEach(i -> labels[rows[i]] = classes[i]);
    }
    PictureTransform transform = transform(options.pictureSize());
    float[][] pictures =
        samples.samples().stream()
            .map(PairedSample::picture)
            .map(transform::ink)
            .toArray(float[][]::new);
    int[] partner = partner(options.control(), split.train(), samples.size(), seed);
    return new PreparedData(samples, split, labels, partner, pictures);
  }

  /** How pictures become the student's input. */
  static PictureTransform transform(int pictureSize) {
    return new PictureTransform(
        pictureSize, PictureTransform.DEFAULT.mean(), PictureTransform.DEFAULT.std());
  }

  private static Split split(DataOptions options, PairedSamples samples, long seed) {
    if (options.split() == DataOptions.Split.OPEN) {
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

  /** For each sample the one whose text stands beside its picture in training. */
  private static int[] partner(Control control, Subset train, int size, long seed) {
    int[] partner = IntStream.range(0, size).toArray();
    if (control != Control.NONE) {
      int[] rows = train.samples();
      var random = Seeds.random(seed, "control", 0);
      int[] order =
          control == Control.SHUFFLED
              ? Permutations.derangement(rows.length, random)
              : Permutations.derangementWithinClasses(train.labels(), random);
      IntStream.range(0, rows.length).forEach(i -> partner[rows[i]] = rows[order[i]]);
    }
    return partner;
  }
}
