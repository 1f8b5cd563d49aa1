package org.crossdistill.train;

import java.util.Optional;
import java.util.random.RandomGenerator;

/** Which of the other modality's samples belongs to which of the student's. */
interface Pairing {

  /**
   * Partners in training.
   *
   * @param rows of the student's training part
   * @param random source of a choice, where there is one
   * @return rows of the other modality's training part
   */
  int[] partners(int[] rows, RandomGenerator random);

  /**
   * The sample of the other modality that shows the same as each of these, whatever stands beside
   * them in training; empty where only the class is shared.
   */
  Optional<int[]> own(int[] samples);
}
