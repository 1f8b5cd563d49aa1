package org.crossdistill.loss;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Attention transfer (Zagoruyko and Komodakis, ICLR 2017, <a
 * href="https://arxiv.org/abs/1612.03928">arXiv:1612.03928</a>): student and teacher shall look at
 * the same places.
 *
 * <pre>
 * Q = q/‖q‖,   q = mean over the channels of |f|^p, flattened                [B, H·W]
 * L = mean over all values of (Q_s − Q_t)²
 * </pre>
 *
 * <p>Maps [B, channels, H, W]; channels may differ, and the larger map is averaged down to the size
 * of the smaller one.
 */
public final class AtLoss extends PairLoss {

  /**
   * How the loss is computed.
   *
   * @param power p ≥ 1
   */
  public record Options(double power) {

    /** Checks the value. */
    public Options {
      Arguments.range("power", power, 1, Double.POSITIVE_INFINITY);
    }

    /** p = 2, the authors'. */
    public static Options defaults() {
      return new Options(2);
    }
  }

  private final Options options;

  /** For maps of any number of channels; the exponent p is all that there is to choose. */
  public AtLoss(Options options) {
    this.options = Arguments.given("options", options);
  }

  @Override
  void check(Tensor student, Tensor teacher) {
    Arguments.maps("student", student);
    Arguments.maps("teacher", teacher);
    Arguments.alike("teacher", teacher, "student", student);
  }

  @Override
  Tensor value(Tensor student, Tensor teacher) {
    long height = Math.min(student.size(2), teacher.size(2));
    long width = Math.min(student.size(3), teacher.size(3));
    return attention(student, height, width).sub(attention(teacher, height, width)).square().mean();
  }

  private Tensor attention(Tensor maps, long height, long width) {
    boolean same = maps.size(2) == height && maps.size(3) == width;
    Tensor pooled = same ? maps : torch.adaptive_avg_pool2d(maps, height, width);
    Tensor places = pooled.abs().pow(new Scalar(options.power())).mean(1);
    return Composition.normalized(places.flatten(1, 2));
  }
}
