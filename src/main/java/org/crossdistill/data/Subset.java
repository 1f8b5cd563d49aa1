package org.crossdistill.data;

import java.util.List;

/** Some samples of a data set with the labels that they carry for one purpose. Immutable. */
public final class Subset {

  private final int[] samples;
  private final Labels labels;

  private Subset(int[] samples, Labels labels) {
    this.samples = samples;
    this.labels = labels;
  }

  /**
   * Picks samples.
   *
   * @param samples indices into a data set
   * @param labels one for each of them, in that order
   * @return the subset
   * @throws DataException when there are not as many labels
   */
  public static Subset of(int[] samples, Labels labels) {
    if (samples.length != labels.size()) {
      throw new DataException(
          "subset of column '%s': expected %d labels, found %d"
              .formatted(labels.column(), samples.length, labels.size()));
    }
    return new Subset(samples.clone(), labels);
  }

  /** {@return number of rows} */
  public int size() {
    return samples.length;
  }

  /** {@return per row the index of its sample in the data set} */
  public int[] samples() {
    return samples.clone();
  }

  /** {@return per row its label: an index into {@link #classes}, or {@link Labels#NONE}} */
  public int[] labels() {
    return labels.toArray();
  }

  /** {@return the names of the classes that the labels count} */
  public List<String> classes() {
    return labels.classes();
  }
}
