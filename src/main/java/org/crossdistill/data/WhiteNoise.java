package org.crossdistill.data;

import java.util.random.RandomGenerator;

/** White noise of a certain strength beside the sound that it is mixed into. */
final class WhiteNoise {

  private WhiteNoise() {}

  /**
   * Adds it to the samples of a sound; silence stays silent.
   *
   * @param snr signal-to-noise ratio 10·log₁₀(Σ x²/Σ n²) in dB, which holds exactly
   * @param random where the noise comes from
   */
  static void mixInto(float[] sound, double snr, RandomGenerator random) {
    double[] noise = new double[sound.length];
    double ofSound = 0;
    double ofNoise = 0;
    for (int i = 0; i < sound.length; i++) {
      noise[i] = random.nextGaussian();
      ofSound += (double) sound[i] * sound[i];
      ofNoise += noise[i] * noise[i];
    }
    double scale = Math.sqrt(ofSound / ofNoise) * Math.pow(10, -snr / 20);
    for (int i = 0; i < sound.length; i++) {
      sound[i] += (float) (scale * noise[i]);
    }
  }
}
