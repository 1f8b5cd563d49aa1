package org.crossdistill.train;

import java.util.Arrays;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.crossdistill.data.Permutations;
import org.crossdistill.data.Seeds;
import org.crossdistill.data.Split;
import org.crossdistill.train.DataOptions.Control;

/**
 * Pairs example by example.
 *
 * @param ownSamples for each of the student's samples the other modality's that shows the same
 * @param partnerRows for each row of the student's training part the other's row beside it
 */
record ExamplePairing(int[] ownSamples, int[] partnerRows) implements Pairing {

  private static final int NO_ROW = -1;

  /**
   * The pairs of one seed.
   *
   * @param ownSamples for each of the student's samples the other modality's that shows the same,
   *     in the same part of the split
   * @param student the student's split
   * @param other the other modality's split
   * @param control whether the pairs are shuffled in training
   */
  static ExamplePairing of(
      int[] ownSamples, Split student, Split other, Control control, long seed) {
    int[] samples = student.train().samples();
    int[] row = new int[IntStream.of(ownSamples).max().orElse(0) + 1];
    Arrays.fill(row, NO_ROW);
    int[] others = other.train().samples();
    IntStream.range(0, others.length)
        .filter(i -> others[i] < row.length)
        .forEach(i -> row[others[i]] = i);
    var random = Seeds.random(seed, "control", 0);
    int[] order =
        switch (control) {
          case NONE -> IntStream.range(0, samples.length).toArray();
          case SHUFFLED -> Permutations.derangement(samples.length, random);
          case SHUFFLED_WITHIN_CLASS ->
              Permutations.derangementWithinClasses(student.train().labels(), random);
        };
    int[] partners = IntStream.of(order).map(i -> row[ownSamples[samples[i]]]).toArray();
    if (IntStream.of(partners).anyMatch(partner -> partner == NO_ROW)) {
      throw new IllegalArgumentException("a training sample's partner is no training sample");
    }
    return new ExamplePairing(ownSamples, partners);
  }

  @Override
  public int[] partners(int[] rows, RandomGenerator random) {
    return IntStream.of(rows).map(row -> partnerRows[row]).toArray();
  }

  @Override
  public Optional<int[]> own(int[] samples) {
    return Optional.of(IntStream.of(samples).map(sample -> ownSamples[sample]).toArray());
  }
}
