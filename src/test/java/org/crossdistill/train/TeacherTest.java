package org.crossdistill.train;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.crossdistill.data.DataException;
import org.crossdistill.data.FeatureSamples;
import org.crossdistill.data.Labels;
import org.crossdistill.data.Samples;
import org.crossdistill.data.SoundAugmentation;
import org.crossdistill.data.SoundSamples;
import org.crossdistill.data.Split;
import org.crossdistill.data.Subset;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.FeatureEncoder;
import org.crossdistill.nn.SmallResNet;
import org.junit.jupiter.api.Test;

/** A teacher that says the same of all samples is told from one that says little. */
final class TeacherTest {

  /** More than one batch, and a last one of another size, in which sums round otherwise. */
  private static final int COUNT = 3 * Embedder.BATCH + 5;

  private static Modality modality(Kind kind, Samples samples) {
    int[] all = IntStream.range(0, samples.size()).toArray();
    int[] labels = IntStream.of(all).map(i -> i % 2).toArray();
    Subset none = Subset.of(new int[0], Labels.of("none", List.of(), new int[0]));
    Subset train = Subset.of(all, Labels.of("test", List.of("a", "b"), labels));
    return Modality.of(kind, samples, new Split(train, none, none));
  }

  private static void requireDifferences(Kind kind, Samples samples, float[][] embeddings) {
    new Teacher(embeddings, null, null, null).requireDifferences(modality(kind, samples));
  }

  private static float[][] same(int length) {
    SplittableRandom random = new SplittableRandom(2);
    float[] row = new float[length];
    for (int j = 0; j < length; j++) {
      row[j] = (float) random.nextGaussian();
    }
    float[][] rows = new float[COUNT][];
    Arrays.fill(rows, row);
    return rows;
  }

  private static float[][] embedded(Backbone encoder, Samples samples, int atATime) {
    int[] all = IntStream.range(0, samples.size()).toArray();
    try (PointerScope scope = new PointerScope()) {
      return Embedder.embed(encoder, samples, all, atATime);
    }
  }

  @Test
  void theSameSoundInBatchesOfSeveralSizes() {
    Samples samples = new SoundSamples(same(40 * 20), 40, SoundAugmentation.defaults());
    SmallResNet encoder =
        new SmallResNet(new SplittableRandom(1), 1, SmallResNet.Options.defaults());
    float[][] embeddings = embedded(encoder, samples, Embedder.BATCH);

    assertThatThrownBy(() -> requireDifferences(Kind.SOUND, samples, embeddings))
        .isInstanceOf(DataException.class)
        .hasMessage(
            "teacher of sound: expected embeddings that differ, found the same for all %d training samples",
            COUNT);
  }

  @Test
  void theSameRowInBatchesOfSeveralSizes() {
    Samples samples = new FeatureSamples(same(300));
    FeatureEncoder encoder =
        new FeatureEncoder(new SplittableRandom(1), 300, FeatureEncoder.Options.defaults());
    float[][] embeddings = embedded(encoder, samples, 100);

    assertThatThrownBy(() -> requireDifferences(Kind.LATENTS, samples, embeddings))
        .isInstanceOf(DataException.class);
  }

  @Test
  void roundingIsNoDifferenceAndAThousandthIs() {
    Samples samples = new FeatureSamples(same(8));
    float[][] embeddings = same(8);
    for (double factor : new double[] {1 + 3e-5, 1 - 3e-5}) {
      embeddings[COUNT - 1] = scaled(embeddings[0], factor);
      assertThatThrownBy(() -> requireDifferences(Kind.LATENTS, samples, embeddings))
          .isInstanceOf(DataException.class);
    }
    embeddings[COUNT - 1] = scaled(embeddings[0], 1.001);
    assertThatCode(() -> requireDifferences(Kind.LATENTS, samples, embeddings))
        .doesNotThrowAnyException();
  }

  @Test
  void rowsOfZerosAreTheSame() {
    Samples samples = new FeatureSamples(same(8));

    assertThatThrownBy(() -> requireDifferences(Kind.LATENTS, samples, new float[COUNT][8]))
        .isInstanceOf(DataException.class);
  }

  private static float[] scaled(float[] row, double factor) {
    float[] scaled = new float[row.length];
    for (int j = 0; j < row.length; j++) {
      scaled[j] = (float) (factor * row[j]);
    }
    return scaled;
  }
}
