package org.crossdistill.eval;

import java.util.SplittableRandom;

/** Made-up embeddings whose classes are Gaussian clusters around random centres. */
final class TestEmbeddings {
  private TestEmbeddings() {}

  /** Examples of class c stand at rows c·perClass … (c + 1)·perClass − 1. */
  static float[][] clusters(int classes, int perClass, int width, float noise, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] rows = new float[classes * perClass][width];
    float[] centre = new float[width];
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < width; d++) {
        if (i % perClass == 0) {
          centre[d] = (float) random.nextGaussian();
        }
      }
      for (int d = 0; d < width; d++) {
        rows[i][d] = centre[d] + noise * (float) random.nextGaussian();
      }
    }
    return rows;
  }

  static int[] labels(int classes, int perClass) {
    int[] labels = new int[classes * perClass];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = i / perClass;
    }
    return labels;
  }
}
