package org.crossdistill.train;

import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.data.PictureAugmentation;
import org.crossdistill.data.Samples;
import org.crossdistill.method.Batch;

/**
 * Samples of one modality with their labels, to train a teacher on.
 *
 * @param modality whose labels
 * @param samples the modality's, or something made of them
 * @param rows those that are trained on
 * @param augmentation of pictures
 */
record ModalitySet(Modality modality, Samples samples, int[] rows, PictureAugmentation augmentation)
    implements TrainingSet {

  @Override
  public int size() {
    return rows.length;
  }

  @Override
  public Batch batch(int[] batch, int[] others, RandomGenerator random, double progress) {
    int[] chosen = IntStream.of(batch).map(row -> rows[row]).toArray();
    Tensor input = SampleTensors.varied(samples, chosen, augmentation, random);
    return Batch.of(input, SampleTensors.labels(modality, chosen), progress);
  }
}
