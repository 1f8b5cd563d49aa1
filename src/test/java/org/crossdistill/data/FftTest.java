package org.crossdistill.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the sum that the transform is defined by. */
final class FftTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 64, 512})
  void isTheDirectSum(int size) {
    SplittableRandom random = new SplittableRandom(size);
    double[] re = random.doubles(size, -1, 1).toArray();
    double[] im = random.doubles(size, -1, 1).toArray();
    double[] fastRe = re.clone();
    double[] fastIm = im.clone();

    new Fft(size).transform(fastRe, fastIm);

    for (int k = 0; k < size; k++) {
      double sumRe = 0;
      double sumIm = 0;
      for (int n = 0; n < size; n++) {
        double angle = -2 * Math.PI * ((long) k * n % size) / size;
        sumRe += re[n] * Math.cos(angle) - im[n] * Math.sin(angle);
        sumIm += re[n] * Math.sin(angle) + im[n] * Math.cos(angle);
      }
      assertThat(fastRe[k]).isCloseTo(sumRe, within(1e-15 * size));
      assertThat(fastIm[k]).isCloseTo(sumIm, within(1e-15 * size));
    }
  }
}
