package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Basic residual block (He et al., 2016): two 3×3 convolutions with batch norm, and a shortcut that
 * is a 1×1 convolution with batch norm where the shape changes. [B, in, H, W] → [B, out, H/s, W/s].
 */
public final class ResidualBlock extends Layer {

  private final Conv2d conv1;
  private final BatchNorm norm1;
  private final Conv2d conv2;
  private final BatchNorm norm2;
  private final Conv2d shortcut;
  private final BatchNorm shortcutNorm;

  /**
   * @param random of the initial weights
   * @param in channels that come in
   * @param out channels that go out
   * @param stride s of the first convolution and of the shortcut; 1 keeps the resolution
   */
  public ResidualBlock(RandomGenerator random, int in, int out, int stride) {
    conv1 = child("conv1", new Conv2d(random, in, out, 3, stride));
    norm1 = child("norm1", new BatchNorm(out));
    conv2 = child("conv2", new Conv2d(random, out, out, 3, 1));
    norm2 = child("norm2", new BatchNorm(out));
    boolean same = in == out && stride == 1;
    shortcut = same ? null : child("shortcut", new Conv2d(random, in, out, 1, stride));
    shortcutNorm = same ? null : child("shortcut_norm", new BatchNorm(out));
  }

  @Override
  public Tensor forward(Tensor input) {
    Tensor residual = norm1.forward(conv1.forward(input)).relu_();
    residual = norm2.forward(conv2.forward(residual));
    Tensor skip = shortcut == null ? input : shortcutNorm.forward(shortcut.forward(input));
    return residual.add_(skip).relu_();
  }
}
