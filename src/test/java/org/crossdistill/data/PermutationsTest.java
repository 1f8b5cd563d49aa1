package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermutationsTest {

  @Test
  void everyOrderIsEquallyLikely() {
    int[] counts = new int[6];
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 60_000; i++) {
      int[] values = {0, 1, 2};
      Permutations.shuffle(values, random);
      counts[values[0] * 2 + (values[1] > values[2] ? 1 : 0)]++;
    }
    // 10 000 each with a standard deviation of 91.
    assertThat(IntStream.of(counts)).allMatch(count -> Math.abs(count - 10_000) < 450);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7, 100, 1747})
  void nothingStaysInItsPlace(int size) {
    for (int seed = 0; seed < 20; seed++) {
      int[] permutation = Permutations.derangement(size, new SplittableRandom(seed));
      assertThat(IntStream.of(permutation).sorted().toArray())
          .isEqualTo(IntStream.range(0, size).toArray());
      assertThat(IntStream.range(0, size)).noneMatch(i -> permutation[i] == i);
    }
  }

  @Test
  void everyCycleIsEquallyLikely() {
    Map<String, Integer> counts = new HashMap<>();
    SplittableRandom random = new SplittableRandom(6);
    for (int i = 0; i < 60_000; i++) {
      counts.merge(Arrays.toString(Permutations.derangement(4, random)), 1, Integer::sum);
    }
    assertThat(counts).hasSize(6);
    assertThat(counts.values()).allMatch(count -> Math.abs(count - 10_000) < 450);
  }

  @Test
  void withinClassesNobodyKeepsTheirOwnUnlessAlone() {
    int[] labels = {3, 1, 3, -100, 3, 7, 1, -100};
    for (int seed = 0; seed < 50; seed++) {
      int[] p = Permutations.derangementWithinClasses(labels, new SplittableRandom(seed));
      assertThat(IntStream.of(p).sorted().toArray())
          .isEqualTo(IntStream.range(0, labels.length).toArray());
      for (int i = 0; i < labels.length; i++) {
        assertThat(labels[p[i]]).isEqualTo(labels[i]);
        assertThat(p[i] == i).isEqualTo(i == 5);
      }
    }
  }

  @Test
  void oneOrNoneStay() {
    assertThat(Permutations.derangement(1, new SplittableRandom(0))).containsExactly(0);
    assertThat(Permutations.derangement(0, new SplittableRandom(0))).isEmpty();
  }
}
