package org.crossdistill.train;

import java.util.random.RandomGenerator;
import org.crossdistill.method.Batch;

/** Samples to train on, by index. */
public interface TrainingSet {

  /** Number of samples of the student's modality. */
  int size();

  /** Number of samples of the other modality. */
  default int otherSize() {
    return size();
  }

  /**
   * The samples of the other modality that are paired with some of the student's.
   *
   * @param rows indices in [0, size)
   * @param random source of a choice, where there is one
   * @return indices in [0, otherSize)
   */
  default int[] partners(int[] rows, RandomGenerator random) {
    return rows;
  }

  /**
   * The tensors of some samples; made inside the step's pointer scope, which frees them.
   *
   * @param rows of the student's modality, indices in [0, size)
   * @param others whose samples of the other modality go beside them, indices in [0, otherSize):
   *     their partners, or rows that were drawn on their own
   * @param random source of the augmentation
   * @param progress share of the training that is done, in [0, 1)
   */
  Batch batch(int[] rows, int[] others, RandomGenerator random, double progress);
}
