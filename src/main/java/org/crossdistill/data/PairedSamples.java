package org.crossdistill.data;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A data set of paired texts and pictures with any number of label columns. Immutable.
 *
 * <pre>{@code
 * PairedSamples samples = EmojiDataset.load().withFrequentClasses("subgroup", 8, 5);
 * Split split = new OpenSplit(0.6, 0).draw(samples, "subgroup", seed);
 * }</pre>
 */
public final class PairedSamples {

  private final List<PairedSample> samples;
  private final Map<String, Labels> labels;

  private PairedSamples(List<PairedSample> samples, Map<String, Labels> labels) {
    this.samples = List.copyOf(samples);
    this.labels = new LinkedHashMap<>(labels);
  }

  /**
   * Puts a data set together.
   *
   * @param samples at least one, each with an id of its own
   * @param columns labels of all samples, one per column
   * @return the data set
   * @throws DataException when there is no sample, an id comes twice, or a column has not one label
   *     per sample
   */
  public static PairedSamples of(List<PairedSample> samples, List<Labels> columns) {
    if (samples.isEmpty()) {
      throw new DataException("expected at least one sample, found none");
    }
    Set<String> ids = new HashSet<>();
    for (PairedSample sample : samples) {
      if (!ids.add(sample.id())) {
        throw new DataException("sample '" + sample.id() + "' comes twice; ids must be unique");
      }
    }
    Map<String, Labels> labels = new LinkedHashMap<>();
    for (Labels column : columns) {
      if (column.size() != samples.size()) {
        throw new DataException(
            "column '%s': expected %d labels, found %d"
                .formatted(column.column(), samples.size(), column.size()));
      }
      labels.put(column.column(), column);
    }
    return new PairedSamples(samples, labels);
  }

  /** {@return number of samples} */
  public int size() {
    return samples.size();
  }

  /**
   * Reads one sample.
   *
   * @param index 0 to {@link #size()} − 1
   * @return that sample
   */
  public PairedSample get(int index) {
    return samples.get(index);
  }

  /** {@return all samples, unmodifiable} */
  public List<PairedSample> samples() {
    return samples;
  }

  /**
   * Finds a label column.
   *
   * @param column its name
   * @return one label per sample
   * @throws DataException when there is none, with those there are
   */
  public Labels labels(String column) {
    Labels found = labels.get(column);
    if (found == null) {
      throw new DataException(
          "label: expected one of " + labels.keySet() + ", found '" + column + "'");
    }
    return found;
  }

  /**
   * Collects the texts of some samples.
   *
   * @param indices of the samples
   * @return their texts in that order
   */
  public List<String> texts(int[] indices) {
    return IntStream.of(indices).mapToObj(index -> samples.get(index).text()).toList();
  }

  /**
   * Keeps the classes that are large enough to learn from and to split, and renumbers them.
   *
   * @param column whose classes are looked at
   * @param minSamples of a class
   * @param minBases different bases of a class
   * @return the samples of those classes
   * @throws DataException when no class is left
   */
  public PairedSamples withFrequentClasses(String column, int minSamples, int minBases) {
    Labels all = labels(column);
    List<Set<String>> bases = new ArrayList<>();
    all.classes().forEach(name -> bases.add(new HashSet<>()));
    int[] counts = new int[all.classes().size()];
    for (int i = 0; i < size(); i++) {
      if (all.get(i) != Labels.NONE) {
        counts[all.get(i)]++;
        bases.get(all.get(i)).add(samples.get(i).base());
      }
    }
    int[] kept =
        IntStream.range(0, size())
            .filter(i -> all.get(i) != Labels.NONE)
            .filter(i -> counts[all.get(i)] >= minSamples)
            .filter(i -> bases.get(all.get(i)).size() >= minBases)
            .toArray();
    if (kept.length == 0) {
      throw new DataException(
          "column '%s': expected a class of at least %d samples and %d bases, found none"
              .formatted(column, minSamples, minBases));
    }
    PairedSamples selected = select(kept);
    selected.labels.put(column, selected.labels(column).withoutEmptyClasses());
    return selected;
  }

  private PairedSamples select(int[] indices) {
    Map<String, Labels> selected = new LinkedHashMap<>();
    labels.forEach((column, all) -> selected.put(column, all.select(indices)));
    return new PairedSamples(IntStream.of(indices).mapToObj(samples::get).toList(), selected);
  }
}
