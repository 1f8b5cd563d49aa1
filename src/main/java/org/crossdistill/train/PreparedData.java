package org.crossdistill.train;

import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.PairedSamples;
import org.crossdistill.data.Split;

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

  /** Labels of some samples. */
  int[] labels(int[] rows) {
    return IntStream.of(rows).map(row -> labels[row]).toArray();
  }
}
