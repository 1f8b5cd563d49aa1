package org.crossdistill.train;

import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.Labels;
import org.crossdistill.data.PairedSamples;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;

/**
 * The samples of one run, divided. All indices are those of {@code samples}.
 *
 * @param samples all pairs of the classes in use
 * @param split the parts
 * @param labels of each sample, counting the classes of the part it is in; −100 = not to be known
 * @param partner for each sample the one whose text stands beside its picture in training
 * @param pictures of all samples as ink, [N][3·size·size]; not yet normalised
 */
record PreparedData(
    PairedSamples samples, Split split, int[] labels, int[] partner, float[][] pictures) {

  /** Training samples. */
  int[] train() {
    return split.train().samples();
  }

  /** Validation samples, of the training classes; may be none. */
  int[] validation() {
    return split.validation().samples();
  }

  /** Test samples. */
  int[] test() {
    return split.test().samples();
  }

  /** Names of the classes that the student learns. */
  List<String> classes() {
    return split.train().classes();
  }

  /** Names of the classes of the test. */
  List<String> testClasses() {
    return split.test().classes();
  }

  /** The same without anything of the test samples: neither pictures nor labels, nor which. */
  PreparedData withoutTest() {
    int[] labelsLeft = labels.clone();
    float[][] picturesLeft = pictures.clone();
    for (int row : test()) {
      labelsLeft[row] = Labels.NONE;
      picturesLeft[row] = new float[pictures[row].length];
    }
    Subset none = Subset.of(new int[0], Labels.of("none", List.of(), new int[0]));
    Split parts = new Split(split.train(), split.validation(), none);
    return new PreparedData(samples, parts, labelsLeft, partner, picturesLeft);
  }

  /** Labels of some samples. */
  int[] labels(int[] rows) {
    return IntStream.of(rows).map(row -> labels[row]).toArray();
  }
}
