package org.crossdistill.train;

import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.crossdistill.train.DataOptions.Control;

/** Pairs by class: a sample's partner is drawn anew each time, from those of its class. */
final class ClassPairing implements Pairing {

  private final int[] labels;
  private final int[][] candidates;

  /**
   * @param student with a label on each training sample
   * @param other with training samples of each class
   * @param control {@code shuffled} draws from all classes
   */
  ClassPairing(Modality student, Modality other, Control control) {
    labels = student.split().train().labels();
    int[] others = other.split().train().labels();
    candidates = new int[student.classes().size()][];
    Arrays.setAll(
        candidates,
        label ->
            IntStream.range(0, others.length)
                .filter(row -> control == Control.SHUFFLED || others[row] == label)
                .toArray());
  }

  @Override
  public int[] partners(int[] rows, RandomGenerator random) {
    int[] partners = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int[] possible = candidates[labels[rows[i]]];
      partners[i] = possible[random.nextInt(possible.length)];
    }
    return partners;
  }

  @Override
  public Optional<int[]> own(int[] samples) {
    return Optional.empty();
  }
}
