package org.crossdistill.data;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** One label per sample: an index into a list of classes, or {@link #NONE}. Immutable. */
public final class Labels {

  /** The label of a sample that has none; losses ignore such rows. */
  public static final int NONE = -100;

  private final String column;
  private final List<String> classes;
  private final int[] values;

  private Labels(String column, List<String> classes, int[] values) {
    this.column = column;
    this.classes = List.copyOf(classes);
    this.values = values.clone();
  }

  /**
   * Checks and copies labels.
   *
   * @param column what is labelled, for messages
   * @param classes names
   * @param values per sample 0 to the number of classes − 1, or {@link #NONE}
   * @return the labels
   * @throws DataException naming the first label outside the range
   */
  public static Labels of(String column, List<String> classes, int[] values) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] != NONE && (values[i] < 0 || values[i] >= classes.size())) {
        throw new DataException(
            "label of sample %d in column '%s': expected 0 to %d or %d, found %d"
                .formatted(i, column, classes.size() - 1, NONE, values[i]));
      }
    }
    return new Labels(column, classes, values);
  }

  /**
   * Numbers class names in their alphabetical order.
   *
   * @param column what is labelled, for messages
   * @param names of each sample's class
   * @return the labels
   */
  public static Labels ofNames(String column, List<String> names) {
    List<String> classes = new ArrayList<>(new TreeSet<>(names));
    return new Labels(column, classes, names.stream().mapToInt(classes::indexOf).toArray());
  }

  /** {@return what is labelled} */
  public String column() {
    return column;
  }

  /** {@return the classes' names} */
  public List<String> classes() {
    return classes;
  }

  /** {@return number of samples} */
  public int size() {
    return values.length;
  }

  /**
   * Reads one label.
   *
   * @param sample index
   * @return its class, or {@link #NONE}
   */
  public int get(int sample) {
    return values[sample];
  }

  /** {@return a copy: one label per sample} */
  public int[] toArray() {
    return values.clone();
  }

  /** The labels of some samples, with all classes. */
  Labels select(int[] samples) {
    int[] selected = new int[samples.length];
    for (int i = 0; i < samples.length; i++) {
      selected[i] = values[samples[i]];
    }
    return new Labels(column, classes, selected);
  }

  /** The same labels without classes that no sample has. */
  Labels withoutEmptyClasses() {
    int[] renumbered = new int[classes.size()];
    List<String> kept = new ArrayList<>();
    for (int label = 0; label < classes.size(); label++) {
      renumbered[label] = kept.size();
      if (contains(label)) {
        kept.add(classes.get(label));
      }
    }
    int[] result = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i] == NONE ? NONE : renumbered[values[i]];
    }
    return new Labels(column, kept, result);
  }

  private boolean contains(int label) {
    for (int value : values) {
      if (value == label) {
        return true;
      }
    }
    return false;
  }
}
