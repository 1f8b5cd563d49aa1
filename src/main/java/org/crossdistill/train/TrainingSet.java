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
   * @param rows indices in [0, size)
   * @param random source of the augmentation
   * @param progress share of the training that is done, in [0, 1)
   */
  Batch batch(int[] rows, RandomGenerator random, double progress);
}
