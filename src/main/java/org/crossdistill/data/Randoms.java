package org.crossdistill.data;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * Random streams that depend on a seed, a purpose and counters alone. So the shuffling of epoch 7
 * is the same whether epochs 0 to 6 ran before it or not, and two purposes never share a stream.
 */
public final class Randoms {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  private Randoms() {}

  /**
   * Opens a stream.
   *
   * @param seed of the run
   * @param purpose what the numbers are for, such as {@code "shuffle"}
   * @param counters epoch, step, sample, or whatever else tells streams of one purpose apart
   * @return a fresh stream, the same for the same arguments on every machine
   */
  public static SplittableRandom of(long seed, String purpose, long... counters) {
    long state = mix(seed + GOLDEN_GAMMA);
    state = mix(state ^ hash(purpose));
    for (long counter : counters) {
      state = mix(state + GOLDEN_GAMMA * (counter + 1));
    }
    return new SplittableRandom(state);
  }

  /**
   * Permutes an array in place, every order equally likely (Fisher and Yates).
   *
   * @param values to permute
   * @param random consumed
   */
  public static void shuffle(int[] values, SplittableRandom random) {
    for (int i = values.length - 1; i > 0; i--) {
      swap(values, i, random.nextInt(i + 1));
    }
  }

  static void swap(int[] values, int i, int j) {
    int value = values[i];
    values[i] = values[j];
    values[j] = value;
  }

  /** FNV-1a of the UTF-8 bytes. */
  private static long hash(String text) {
    long hash = FNV_OFFSET;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return hash;
  }

  /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014), variant 13 of Stafford. */
  private static long mix(long z) {
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
