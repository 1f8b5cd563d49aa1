package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.crossdistill.data.Batches.LastBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchesTest {

  private static List<Integer> sizes(Batches batches) {
    return batches.inOrder().stream().map(batch -> batch.length).toList();
  }

  @ParameterizedTest
  @CsvSource({
    "KEEP, 128, '[64, 64]'",
    "DROP, 128, '[64, 64]'",
    "AT_LEAST_TWO, 128, '[64, 64]'",
    "KEEP, 129, '[64, 64, 1]'",
    "DROP, 129, '[64, 64]'",
    "AT_LEAST_TWO, 129, '[64, 65]'",
    "KEEP, 130, '[64, 64, 2]'",
    "DROP, 130, '[64, 64]'",
    "AT_LEAST_TWO, 130, '[64, 64, 2]'",
    "KEEP, 7, '[7]'",
    "AT_LEAST_TWO, 7, '[7]'",
    "AT_LEAST_TWO, 65, '[65]'",
    "KEEP, 1, '[1]'"
  })
  void theRemainderGoesWhereItShould(LastBatch last, int samples, String expected) {
    Batches batches = new Batches(samples, 64, last);
    assertThat(sizes(batches)).hasToString(expected);
    assertThat(batches.count()).isEqualTo(sizes(batches).size());
  }

  @Test
  void anEpochHoldsEverySampleOnce() {
    Batches batches = new Batches(1029, 64, LastBatch.AT_LEAST_TWO);
    int[] all = batches.shuffled(17, 3).stream().flatMapToInt(IntStream::of).toArray();
    assertThat(all).hasSize(1029);
    assertThat(IntStream.of(all).sorted().toArray()).isEqualTo(IntStream.range(0, 1029).toArray());
    assertThat(all).isNotEqualTo(IntStream.range(0, 1029).toArray());
  }

  @Test
  void droppingLeavesDifferentSamplesOutEachEpoch() {
    Batches batches = new Batches(5, 4, LastBatch.DROP);
    assertThat(IntStream.range(0, 40).map(epoch -> missing(batches.shuffled(1, epoch))).distinct())
        .hasSize(5);
  }

  private static int missing(List<int[]> batches) {
    return 10 - batches.stream().flatMapToInt(IntStream::of).sum();
  }

  @Test
  void theOrderDependsOnSeedAndEpochAlone() {
    Batches batches = new Batches(100, 32, LastBatch.KEEP);
    assertThat(batches.shuffled(1, 2).get(0)).isEqualTo(batches.shuffled(1, 2).get(0));
    assertThat(batches.shuffled(1, 2).get(0)).isNotEqualTo(batches.shuffled(1, 3).get(0));
    assertThat(batches.shuffled(1, 2).get(0)).isNotEqualTo(batches.shuffled(2, 2).get(0));
  }

  @Test
  void impossibleBatchesAreRefused() {
    assertThatThrownBy(() -> new Batches(0, 64, LastBatch.KEEP))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "batches: expected at least one sample and a batch size of at least 1, found 0 samples"
                + " in batches of 64");
    assertThatThrownBy(() -> new Batches(63, 64, LastBatch.DROP))
        .hasMessage("batches: expected at least one full batch, found 63 samples in batches of 64");
    assertThatThrownBy(() -> new Batches(1, 64, LastBatch.AT_LEAST_TWO))
        .hasMessage(
            "batches: expected at least two samples per batch, found 1 samples in batches of 64");
    assertThatThrownBy(() -> new Batches(10, 1, LastBatch.AT_LEAST_TWO))
        .isInstanceOf(DataException.class);
  }
}
