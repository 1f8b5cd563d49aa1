package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.crossdistill.data.LogMel.Options;
import org.crossdistill.data.LogMel.Scale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Against the formulas, summed directly in float64. */
final class LogMelTest {

  private static Options options(Scale scale) {
    return new Options(8000, 100, 128, 40, 12, 50, 3800, scale);
  }

  private static double power(Options o, float[] x, int from, int k) {
    double re = 0;
    double im = 0;
    for (int n = 0; n < o.window(); n++) {
      double w = 0.5 - 0.5 * Math.cos(2 * Math.PI * n / o.window());
      re += w * x[from + n] * Math.cos(2 * Math.PI * k * n / o.fft());
      im -= w * x[from + n] * Math.sin(2 * Math.PI * k * n / o.fft());
    }
    return re * re + im * im;
  }

  /** Weight of a bin in a band, written down from the definition of a triangle. */
  private static double filter(Options o, int band, double hertz) {
    double low = LogMel.mel(o.low(), o.scale());
    double step = (LogMel.mel(o.high(), o.scale()) - low) / (o.bands() + 1);
    double left = LogMel.hertz(low + band * step, o.scale());
    double middle = LogMel.hertz(low + (band + 1) * step, o.scale());
    double right = LogMel.hertz(low + (band + 2) * step, o.scale());
    if (hertz <= left || hertz >= right) {
      return 0;
    }
    double height =
        hertz < middle ? (hertz - left) / (middle - left) : (right - hertz) / (right - middle);
    return o.scale() == Scale.HTK ? height : height * 2 / (right - left);
  }

  @ParameterizedTest
  @EnumSource(Scale.class)
  void isTheDefinition(Scale scale) {
    Options o = options(scale);
    SplittableRandom random = new SplittableRandom(1);
    float[] sound = new float[100 + 40 * 6 + 39];
    for (int i = 0; i < sound.length; i++) {
      sound[i] = (float) random.nextDouble(-1, 1);
    }

    float[][] mels = new LogMel(o).forward(sound);

    assertThat(mels).hasDimensions(12, 7);
    for (int band = 0; band < 12; band++) {
      for (int t = 0; t < 7; t++) {
        double sum = 0;
        for (int k = 0; k <= o.fft() / 2; k++) {
          sum += filter(o, band, k * 8000.0 / o.fft()) * power(o, sound, t * 40, k);
        }
        double expected = Math.log(Math.max(sum, 1e-10));
        assertThat((double) mels[band][t]).isCloseTo(expected, within(1e-5));
      }
    }
  }

  @Test
  void silenceIsTheFloor() {
    float[][] mels = new LogMel(options(Scale.HTK)).forward(new float[200]);

    for (float[] band : mels) {
      for (float value : band) {
        assertThat(value).isEqualTo((float) Math.log(1e-10));
      }
    }
  }

  /** A tone is loudest in the band whose middle is nearest in mels, in every frame. */
  @ParameterizedTest
  @CsvSource({"300, 4", "1000, 13", "3000, 26", "6500, 37"})
  void toneLiesInItsBand(double hertz, int expected) {
    Options o = Options.defaults();
    double step = (LogMel.mel(8000, Scale.HTK) - LogMel.mel(20, Scale.HTK)) / 41;
    long nearest =
        Math.round((LogMel.mel(hertz, Scale.HTK) - LogMel.mel(20, Scale.HTK)) / step) - 1;
    assertThat(nearest).isEqualTo(expected);
    float[] sound = new float[1600];
    for (int n = 0; n < sound.length; n++) {
      sound[n] = (float) Math.sin(2 * Math.PI * hertz * n / 16000);
    }

    float[][] mels = new LogMel(o).forward(sound);

    for (int t = 0; t < mels[0].length; t++) {
      int loudest = 0;
      for (int band = 1; band < mels.length; band++) {
        loudest = mels[band][t] > mels[loudest][t] ? band : loudest;
      }
      assertThat(loudest).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 0, 0", "700, 781.1728, 10.5", "1000, 999.986, 15", "6400, 2610.986, 42"})
  void melsOfKnownFrequencies(double hertz, double htk, double slaney) {
    assertThat(LogMel.mel(hertz, Scale.HTK)).isCloseTo(htk, within(1e-3));
    assertThat(LogMel.mel(hertz, Scale.SLANEY)).isCloseTo(slaney, within(1e-9));
    for (Scale scale : Scale.values()) {
      assertThat(LogMel.hertz(LogMel.mel(hertz, scale), scale)).isCloseTo(hertz, within(1e-9));
    }
  }

  @Test
  void onlyWholeWindowsAreFrames() {
    Options o = Options.defaults();

    assertThat(o.frames(399)).isZero();
    assertThat(o.frames(400)).isEqualTo(1);
    assertThat(o.frames(559)).isEqualTo(1);
    assertThat(o.frames(560)).isEqualTo(2);
    assertThat(o.frames(16000)).isEqualTo(98);
    assertThatThrownBy(() -> new LogMel(o).forward(new float[399]))
        .isInstanceOf(DataException.class)
        .hasMessage("expected at least 400 samples, one window, found 399");
  }

  @Test
  void valuesOutOfRangeAreNamed() {
    assertThatThrownBy(() -> new Options(8000, 100, 120, 40, 12, 50, 3800, Scale.HTK))
        .hasMessage("fft: expected a power of two, at least window, found 120");
    assertThatThrownBy(() -> new Options(8000, 100, 128, 40, 12, 50, 4001, Scale.HTK))
        .hasMessage("high: expected at most half the sample rate, found 4001.0");
  }
}
