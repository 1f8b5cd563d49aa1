package org.crossdistill.train;

import java.util.Arrays;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.crossdistill.data.PictureAugmentation;
import org.crossdistill.data.Samples;

/**
 * Samples of which some are zero, whatever they were: nothing can be learnt from them.
 *
 * @param samples all of them
 * @param withheld indices of those that are zero
 */
record WithheldSamples(Samples samples, Set<Integer> withheld) implements Samples {

  static Samples of(Samples samples, int[] withheld) {
    return new WithheldSamples(
        samples, IntStream.of(withheld).boxed().collect(Collectors.toUnmodifiableSet()));
  }

  @Override
  public int size() {
    return samples.size();
  }

  @Override
  public long[] shape() {
    return samples.shape();
  }

  @Override
  public void write(int sample, float[] out, int to) {
    if (withheld.contains(sample)) {
      Arrays.fill(out, to, to + length(), 0);
    } else {
      samples.write(sample, out, to);
    }
  }

  @Override
  public void writeVaried(
      int sample, PictureAugmentation pictures, RandomGenerator random, float[] out, int to) {
    if (withheld.contains(sample)) {
      Arrays.fill(out, to, to + length(), 0);
    } else {
      samples.writeVaried(sample, pictures, random, out, to);
    }
  }
}
