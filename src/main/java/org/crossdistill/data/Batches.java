package org.crossdistill.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How n samples are dealt out in batches.
 *
 * @param samples n, at least 1
 * @param batchSize samples of a full batch, at least 1
 * @param last what becomes of samples that do not fill a batch
 */
public record Batches(int samples, int batchSize, LastBatch last) {

  /** What becomes of samples that do not fill a batch. */
  public enum LastBatch {
    /** They are a smaller batch. */
    KEEP,
    /** They are left out of that epoch. */
    DROP,
    /**
     * They are a smaller batch, but a single one joins the batch before: batch normalisation has no
     * variance of one sample.
     */
    AT_LEAST_TWO
  }

  /** Checks that every batch can be as promised. */
  public Batches {
    if (samples < 1 || batchSize < 1) {
      throw new DataException(
          "batches: expected at least one sample and a batch size of at least 1, found "
              + "%d samples in batches of %d".formatted(samples, batchSize));
    }
    if (last == LastBatch.DROP && samples < batchSize) {
      throw new DataException(
          "batches: expected at least one full batch, found %d samples in batches of %d"
              .formatted(samples, batchSize));
    }
    if (last == LastBatch.AT_LEAST_TWO && Math.min(samples, batchSize) < 2) {
      throw new DataException(
          "batches: expected at least two samples per batch, found %d samples in batches of %d"
              .formatted(samples, batchSize));
    }
  }

  /** {@return number of batches in an epoch} */
  public int count() {
    int remainder = samples % batchSize;
    int full = samples / batchSize;
    return switch (last) {
      case KEEP -> full + (remainder > 0 ? 1 : 0);
      case DROP -> full;
      case AT_LEAST_TWO -> full + (remainder > 1 || full == 0 ? 1 : 0);
    };
  }

  /**
   * Deals all samples out in a random order.
   *
   * @param seed of the run
   * @param epoch its number; each has its own order, which depends on nothing but seed and epoch
   * @return indices 0 … n − 1, each at most once
   */
  public List<int[]> shuffled(long seed, int epoch) {
    int[] order = IntStream.range(0, samples).toArray();
    Permutations.shuffle(order, Seeds.random(seed, "shuffle", epoch));
    return cut(order);
  }

  /** {@return the samples in their order} */
  public List<int[]> inOrder() {
    return cut(IntStream.range(0, samples).toArray());
  }

  private List<int[]> cut(int[] order) {
    int count = count();
    List<int[]> batches = new ArrayList<>(count);
    for (int batch = 0; batch < count; batch++) {
      boolean takesRest = batch == count - 1 && last != LastBatch.DROP;
      int end = takesRest ? samples : (batch + 1) * batchSize;
      batches.add(Arrays.copyOfRange(order, batch * batchSize, end));
    }
    return batches;
  }
}
