package org.crossdistill.eval;

/**
 * How the equal error rate is read off finitely many trials. The conventions agree on long lists
 * and differ on short ones, so a table says which one it used.
 */
public enum EerConvention {
  /**
   * Thresholds at the distinct scores, a score equal to the threshold being accepted, and one above
   * all; equal scores are one point. The crossing of the two error rates between neighbouring
   * points is interpolated linearly. The default here.
   */
  INTERPOLATED,

  /**
   * As SpeechBrain 1.0 computes it: a score equal to the threshold is rejected; of the distinct
   * scores (and the mid-points between them, which add no new error rates) the first with the
   * smallest gap between the two rates is taken, and the rates' mean returned.
   */
  SPEECHBRAIN
}
