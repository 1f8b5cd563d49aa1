package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A small classifier on what stands in the middle of a backbone: mean over the map's places, 1×1
 * convolution without bias, batch norm, leaky ReLU (slope 0.1), linear layer (the proxies of Huo et
 * al., CVPR 2024). After the mean a 1×1 convolution is a linear layer, so rows fit as well as maps.
 *
 * <p>[B, d, H, W] or [B, d] → logits [B, K], f32.
 */
public final class ProxyHead extends Layer {

  private static final double SLOPE = 0.1;

  private final int size;
  private final Linear mix;
  private final BatchNorm norm;
  private final Linear classes;

  /**
   * @param size d, ≥ 1
   * @param classes K, ≥ 1
   */
  public ProxyHead(RandomGenerator random, int size, int classes) {
    this.size = size;
    mix = child("mix", Linear.withoutBias(random, size, size));
    norm = child("norm", new BatchNorm(size));
    this.classes = child("classes", Linear.withBias(random, size, classes));
  }

  @Override
  public Tensor forward(Tensor middle) {
    LayerInput.rowsOrMaps("proxy head", middle, size);
    Tensor rows = middle.dim() == 4 ? middle.mean(2, 3) : middle;
    Tensor mixed = norm.forward(mix.forward(rows));
    return classes.forward(torch.leaky_relu(mixed, new Scalar(SLOPE)));
  }
}
