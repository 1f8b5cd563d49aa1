package org.crossdistill.eval;

import java.util.Arrays;

/**
 * The distinct labels of a list of examples, in ascending order, and which examples bear them.
 * Labels may be any numbers ≥ 0; here they become classes 0, 1, … C−1. Immutable.
 */
final class ClassIndex {
  private final int[] labels; // [C], ascending: the label of each class
  private final int[] classes; // [N]: the class of each example
  private final int[][] members; // [C][members]: the examples of each class, ascending

  private ClassIndex(int[] labels, int[] classes) {
    this.labels = labels;
    this.classes = classes;
    int[] sizes = new int[labels.length];
    for (int c : classes) {
      sizes[c]++;
    }
    this.members = new int[labels.length][];
    Arrays.setAll(members, c -> new int[sizes[c]]);
    for (int i = classes.length - 1; i >= 0; i--) {
      members[classes[i]][--sizes[classes[i]]] = i;
    }
  }

  /**
   * @param name what is labelled, for the error message
   * @param exampleLabels [N], each ≥ 0
   * @param examples N, the number of examples that the labels belong to
   */
  static ClassIndex of(String name, int[] exampleLabels, int examples) {
    if (exampleLabels.length != examples) {
      throw new EvalException(
          "%s: expected one label for each of %d rows, found %d labels"
              .formatted(name, examples, exampleLabels.length));
    }
    for (int i = 0; i < examples; i++) {
      if (exampleLabels[i] < 0) {
        throw new EvalException(
            "%s: label %d of row %d, expected 0 or more".formatted(name, exampleLabels[i], i));
      }
    }
    int[] labels = Arrays.stream(exampleLabels).sorted().distinct().toArray();
    int[] classes = new int[examples];
    Arrays.setAll(classes, i -> Arrays.binarySearch(labels, exampleLabels[i]));
    return new ClassIndex(labels, classes);
  }

  int count() {
    return labels.length;
  }

  int label(int classNumber) {
    return labels[classNumber];
  }

  boolean hasLabel(int label) {
    return Arrays.binarySearch(labels, label) >= 0;
  }

  int classOf(int example) {
    return classes[example];
  }

  /** The examples of a class, ascending; not a copy. */
  int[] members(int classNumber) {
    return members[classNumber];
  }

  /** All classes' examples, [C][members]; not a copy. */
  int[][] members() {
    return members;
  }
}
