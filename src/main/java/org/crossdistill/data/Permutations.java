package org.crossdistill.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Random orders. */
public final class Permutations {

  private Permutations() {}

  /**
   * Permutes an array in place, every order equally likely (Fisher and Yates).
   *
   * @param values to permute
   * @param random consumed
   */
  public static void shuffle(int[] values, RandomGenerator random) {
    for (int i = values.length - 1; i > 0; i--) {
      swap(values, i, random.nextInt(i + 1));
    }
  }

  /**
   * Draws a permutation that leaves nothing in its place: the control in which each picture gets
   * the text of another one. It is one cycle, every cycle equally likely (Sattolo 1986).
   *
   * @param size n ≥ 0; with n = 1 there is only the identity
   * @param random consumed
   * @return p, a permutation of 0 … n − 1 with p[i] ≠ i where n ≥ 2
   * @throws DataException for a negative size
   */
  public static int[] derangement(int size, RandomGenerator random) {
    if (size < 0) {
      throw new DataException("permutation: expected at least 0 values, found " + size);
    }
    return derangementWithinClasses(new int[size], random);
  }

  /**
   * As {@link #derangement}, within each class: the control in which each picture gets the text of
   * another one of its class. A class of one sample keeps its own.
   *
   * @param labels any numbers; rows of the same number are permuted among themselves, so those
   *     without a label, too
   * @param random consumed
   * @return p, a permutation of 0 … n − 1 with labels[p[i]] = labels[i]
   */
  public static int[] derangementWithinClasses(int[] labels, RandomGenerator random) {
    Map<Integer, List<Integer>> classes = new LinkedHashMap<>();
    for (int i = 0; i < labels.length; i++) {
      classes.computeIfAbsent(labels[i], label -> new ArrayList<>()).add(i);
    }
    int[] permutation = new int[labels.length];
    for (List<Integer> members : classes.values()) {
      int[] cycle = members.stream().mapToInt(Integer::intValue).toArray();
      for (int i = cycle.length - 1; i > 0; i--) {
        swap(cycle, i, random.nextInt(i));
      }
      for (int i = 0; i < cycle.length; i++) {
        permutation[members.get(i)] = cycle[i];
      }
    }
    return permutation;
  }

  private static void swap(int[] values, int i, int j) {
    int value = values[i];
    values[i] = values[j];
    values[j] = value;
  }
}
