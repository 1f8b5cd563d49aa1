package org.crossdistill.data;

/**
 * Log-mel spectrograms: frames under a periodic Hann window w, the power spectrum of each by a fast
 * Fourier transform, triangular mel filters, the natural logarithm.
 *
 * <pre>
 * P[t, k] = |Σ_n w[n]·x[t·hop + n]·e^(−2πi·k·n/fft)|²       w[n] = ½ − ½·cos(2π·n/window)
 * M[b, t] = ln max(Σ_k F[b, k]·P[t, k], 1e−10)
 * </pre>
 *
 * <p>The filters' corners lie evenly on the mel scale from {@code low} to {@code high}; the first
 * frame begins at the first sample (no centring), the last ends within the sound. Thread-safe.
 */
public final class LogMel {

  /** How frequencies become mels. */
  public enum Scale {
    /** 2595·log10(1 + f/700); filters of height 1. */
    HTK,
    /**
     * Linear up to 1000 Hz, logarithmic above (Slaney's Auditory Toolbox); filters of area 1, that
     * is, height 2 / (width in Hz).
     */
    SLANEY
  }

  /**
   * How spectrograms are made.
   *
   * @param sampleRate in Hz
   * @param window samples of a frame
   * @param fft points of the transform, a power of two, at least {@code window}
   * @param hop samples from one frame to the next
   * @param bands number of mel filters
   * @param low where the first filter begins, in Hz
   * @param high where the last filter ends, in Hz, at most half the sample rate
   * @param scale of the mels
   */
  public record Options(
      int sampleRate,
      int window,
      int fft,
      int hop,
      int bands,
      double low,
      double high,
      Scale scale) {

    /** {@return 16 kHz, frames of 25 ms every 10 ms, 40 bands from 20 Hz to 8 kHz, HTK} */
    public static Options defaults() {
      return new Options(16000, 400, 512, 160, 40, 20, 8000, Scale.HTK);
    }

    /** Checks the ranges. */
    public Options {
      DataException.require(sampleRate >= 1, "sample-rate", "at least 1", sampleRate);
      DataException.require(window >= 2, "window", "at least 2", window);
      boolean power = Integer.bitCount(fft) == 1 && fft >= window;
      DataException.require(power, "fft", "a power of two, at least window", fft);
      DataException.require(hop >= 1, "hop", "at least 1", hop);
      DataException.require(bands >= 1, "bands", "at least 1", bands);
      DataException.require(low >= 0 && low < high, "low", "a number from 0 to below high", low);
      DataException.require(high <= sampleRate / 2.0, "high", "at most half the sample rate", high);
    }

    /** {@return frames of a sound with so many samples; 0 if it is shorter than a window} */
    public int frames(int samples) {
      return samples < window ? 0 : 1 + (samples - window) / hop;
    }
  }

  private static final double FLOOR = 1e-10;
  private static final double HTK_FACTOR = 2595;
  private static final double HTK_CORNER = 700;
  private static final double SLANEY_STEP = 200.0 / 3;
  private static final double SLANEY_CORNER = 1000;
  private static final double SLANEY_LOG_STEP = StrictMath.log(6.4) / 27;

  private final Options options;
  private final double[] window;
  private final double[][] filters;

  public LogMel(Options options) {
    this.options = options;
    window = new double[options.window];
    for (int n = 0; n < window.length; n++) {
      window[n] = 0.5 - 0.5 * StrictMath.cos(2 * Math.PI * n / window.length);
    }
    filters = filters(options);
  }

  /**
   * The spectrogram of a sound.
   *
   * @param samples at least one window
   * @return [bands][frames]
   * @throws DataException if it is shorter than a window
   */
  public float[][] forward(float[] samples) {
    int frames = options.frames(samples.length);
    if (frames == 0) {
      throw new DataException(
          "expected at least %d samples, one window, found %d"
              .formatted(options.window, samples.length));
    }
    Fft fft = new Fft(options.fft);
    float[][] mels = new float[options.bands][frames];
    for (int t = 0; t < frames; t++) {
      double[] power = power(fft, samples, t * options.hop);
      for (int band = 0; band < options.bands; band++) {
        double sum = 0;
        for (int k = 0; k < power.length; k++) {
          sum += filters[band][k] * power[k];
        }
        mels[band][t] = (float) StrictMath.log(Math.max(sum, FLOOR));
      }
    }
    return mels;
  }

  private double[] power(Fft fft, float[] samples, int from) {
    double[] re = new double[options.fft];
    double[] im = new double[options.fft];
    for (int n = 0; n < window.length; n++) {
      re[n] = window[n] * samples[from + n];
    }
    fft.transform(re, im);
    double[] power = new double[options.fft / 2 + 1];
    for (int k = 0; k < power.length; k++) {
      power[k] = re[k] * re[k] + im[k] * im[k];
    }
    return power;
  }

  /** F [bands][fft/2 + 1]. */
  static double[][] filters(Options options) {
    double low = mel(options.low, options.scale);
    double high = mel(options.high, options.scale);
    double[] corners = new double[options.bands + 2];
    for (int i = 0; i < corners.length; i++) {
      corners[i] = hertz(low + (high - low) * i / (corners.length - 1), options.scale);
    }
    double[][] filters = new double[options.bands][options.fft / 2 + 1];
    for (int band = 0; band < options.bands; band++) {
      double left = corners[band];
      double right = corners[band + 2];
      double height = options.scale == Scale.SLANEY ? 2 / (right - left) : 1;
      for (int k = 0; k < filters[band].length; k++) {
        double hertz = (double) k * options.sampleRate / options.fft;
        double rising = (hertz - left) / (corners[band + 1] - left);
        double falling = (right - hertz) / (right - corners[band + 1]);
        filters[band][k] = height * Math.max(0, Math.min(rising, falling));
      }
    }
    return filters;
  }

  /** Mels of a frequency in Hz. */
  static double mel(double hertz, Scale scale) {
    if (scale == Scale.HTK) {
      return HTK_FACTOR * StrictMath.log10(1 + hertz / HTK_CORNER);
    }
    return hertz < SLANEY_CORNER
        ? hertz / SLANEY_STEP
        : SLANEY_CORNER / SLANEY_STEP + StrictMath.log(hertz / SLANEY_CORNER) / SLANEY_LOG_STEP;
  }

  /** The inverse of {@link #mel}. */
  static double hertz(double mel, Scale scale) {
    if (scale == Scale.HTK) {
      return HTK_CORNER * (StrictMath.pow(10, mel / HTK_FACTOR) - 1);
    }
    double corner = SLANEY_CORNER / SLANEY_STEP;
    return mel < corner
        ? mel * SLANEY_STEP
        : SLANEY_CORNER * StrictMath.exp((mel - corner) * SLANEY_LOG_STEP);
  }
}
