package org.crossdistill.train;

import java.util.random.RandomGenerator;
import org.crossdistill.method.Batch;

/** Samples to train on, by index. */
public interface TrainingSet {

  /** Number of samples. */
  int size();

  /**
   * The tensors of some samples; made inside the step's pointer scope, which frees them.
   *
   * @param rows of the student's modality, indices in [0, size)
   * @param others whose samples of the other modality go beside them: {@code rows} itself for
   *     pairs, or rows that were drawn on their own
   * @param random source of the augmentation
   * @param progress share of the training that is done, in [0, 1)
   */
  Batch batch(int[] rows, int[] others, RandomGenerator random, double progress);
}
