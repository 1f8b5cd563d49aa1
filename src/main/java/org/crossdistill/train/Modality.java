package org.crossdistill.train;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.DataException;
import org.crossdistill.data.Labels;
import org.crossdistill.data.Samples;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;

/**
 * One modality of a run's data.
 *
 * @param kind what it is
 * @param samples all of them, N
 * @param split the parts, by the samples' indices
 * @param labels of each sample, counting the classes of the part it is in; −100 = not to be known
 * @param qualityOrNull of each sample, as it was measured; null where it was not
 */
record Modality(Kind kind, Samples samples, Split split, int[] labels, float[] qualityOrNull) {

  static Modality of(Kind kind, Samples samples, Split split) {
    int[] labels = new int[samples.size()];
    Arrays.fill(labels, Labels.NONE);
    for (Subset part : List.of(split.train(), split.validation(), split.test())) {
      int[] rows = part.samples();
      int[] classes = part.labels();
      IntStream.range(0, rows.length).forEach(i -> labels[rows[i]] = classes[i]);
    }
    return new Modality(kind, samples, split, labels, null);
  }

  /** The same with the measured quality of each sample. */
  Modality withQuality(float[] measuredOrNull) {
    return new Modality(kind, samples, split, labels, measuredOrNull);
  }

  /** The same without anything of the test samples, which become zero. */
  Modality withoutTest() {
    int[] left = labels.clone();
    for (int sample : split.test().samples()) {
      left[sample] = Labels.NONE;
    }
    Subset none = Subset.of(new int[0], Labels.of("none", List.of(), new int[0]));
    Split parts = new Split(split.train(), split.validation(), none);
    Samples withheld = WithheldSamples.of(samples, split.test().samples());
    return new Modality(kind, withheld, parts, left, qualityOrNull);
  }

  /** Training samples. */
  int[] train() {
    return split.train().samples();
  }

  /** Training samples with a label. */
  int[] labelledTrain() {
    return IntStream.of(train()).filter(sample -> labels[sample] >= 0).toArray();
  }

  /**
   * Fails where all training samples are the same, so that nothing can be learnt from them.
   *
   * @throws DataException naming the modality
   */
  void requireDifferences() {
    int[] train = train();
    float[] first = samples.get(train[0]);
    if (IntStream.of(train).allMatch(i -> Arrays.equals(samples.get(i), first))) {
      throw new DataException(
          "samples of %s: expected some that differ, found the same for all %d of the training"
              .formatted(kind.key(), train.length));
    }
  }

  /** Names of the classes that are trained. */
  List<String> classes() {
    return split.train().classes();
  }

  /** Measured quality of some samples; null where there is none. */
  float[] qualityOrNull(int[] chosen) {
    if (qualityOrNull == null) {
      return null;
    }
    float[] values = new float[chosen.length];
    for (int i = 0; i < chosen.length; i++) {
      values[i] = qualityOrNull[chosen[i]];
    }
    return values;
  }

  /** Labels of some samples. */
  int[] labels(int[] chosen) {
    return IntStream.of(chosen).map(sample -> labels[sample]).toArray();
  }
}
