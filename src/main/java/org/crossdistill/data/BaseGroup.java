package org.crossdistill.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The samples of one base.
 *
 * @param samples indices into the data set
 */
record BaseGroup(List<Integer> samples) {

  /** All bases in the order in which they first come. */
  static List<BaseGroup> all(PairedSamples samples) {
    Map<String, BaseGroup> groups = new LinkedHashMap<>();
    for (int i = 0; i < samples.size(); i++) {
      String base = samples.get(i).base();
      groups.computeIfAbsent(base, key -> new BaseGroup(new ArrayList<>())).samples().add(i);
    }
    return List.copyOf(groups.values());
  }

  /**
   * What most of its samples have in a column of small numbers; of two that are as frequent, the
   * larger. {@link Labels#NONE} when no sample has one.
   */
  int mostFrequent(Labels labels) {
    int[] counts = new int[labels.classes().size()];
    int best = Labels.NONE;
    for (int sample : samples) {
      int label = labels.get(sample);
      if (label != Labels.NONE) {
        counts[label]++;
      }
    }
    for (int label = 0; label < counts.length; label++) {
      if (counts[label] > 0 && (best == Labels.NONE || counts[label] >= counts[best])) {
        best = label;
      }
    }
    return best;
  }
}
