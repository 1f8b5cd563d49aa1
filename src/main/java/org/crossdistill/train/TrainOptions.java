package org.crossdistill.train;

/**
 * How long and in what steps a training runs.
 *
 * @param epochs passes over the training samples, ≥ 1
 * @param batchSize samples a step, ≥ 2 (batch norm); a shorter last batch is used if it holds ≥ 2
 * @param warmUp share of all steps in which the learning rate rises, in [0, 1); a cosine follows
 * @param clipNorm largest gradient norm, beyond which gradients are scaled down; 0 = no limit
 */
public record TrainOptions(int epochs, int batchSize, double warmUp, double clipNorm) {

  /** 60 epochs, batches of 64, warm-up over 10 % of the steps, no clipping. */
  public static TrainOptions defaults() {
    return new TrainOptions(60, 64, 0.1, 0);
  }

  /** Checks the ranges. */
  public TrainOptions {
    Options.require(epochs >= 1, "epochs", "at least 1", epochs);
    Options.require(batchSize >= 2, "batch-size", "at least 2", batchSize);
    Options.require(warmUp >= 0 && warmUp < 1, "warm-up", "a number in [0, 1)", warmUp);
    boolean clips = clipNorm >= 0 && Double.isFinite(clipNorm);
    Options.require(clips, "clip-norm", "a finite number >= 0", clipNorm);
  }
}
