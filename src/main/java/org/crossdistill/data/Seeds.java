package org.crossdistill.data;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/**
 * Independent sources of randomness for each purpose of a run. They depend on the run's seed, the
 * purpose and a counter (the epoch, say) alone, so a resumed training needs no generator's state.
 */
public final class Seeds {

  private Seeds() {}

  /** A seed for one purpose. */
  public static long of(long seed, String purpose, long counter) {
    long hash = mix(seed + 0x9E3779B97F4A7C15L);
    for (byte b : purpose.getBytes(StandardCharsets.UTF_8)) {
      hash = mix(hash ^ b);
    }
    return mix(hash + counter);
  }

  /** A generator for one purpose. */
  public static SplittableRandom random(long seed, String purpose, long counter) {
    return new SplittableRandom(of(seed, purpose, counter));
  }

  /** The finaliser of MurmurHash3 with Stafford's constants (variant 13), a bijection. */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
