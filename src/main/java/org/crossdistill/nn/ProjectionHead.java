package org.crossdistill.nn;

import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * Head on a frozen teacher's embedding e: t = e' + W₂·relu(W₁·e' + b₁) + b₂ with a bottleneck of
 * half the teacher's size, where e' = e, or a linear map of e where teacher and student differ in
 * size. W₂ and b₂ start at zero, so that t = e' at first.
 *
 * <p>[B, D_t] → [B, D_s], f32.
 */
public final class ProjectionHead extends Layer {

  private final Linear adapter;
  private final Linear down;
  private final Linear up;

  /**
   * @param random of the initial weights; the second layer's, which are zero, take nothing from it
   * @param teacherSize D_t
   * @param studentSize D_s; where it is D_t there is no linear map before the bottleneck
   */
  public ProjectionHead(RandomGenerator random, int teacherSize, int studentSize) {
    adapter =
        teacherSize == studentSize
            ? null
            : child("adapter", Linear.withoutBias(random, teacherSize, studentSize));
    int bottleneck = Math.max(1, teacherSize / 2);
    down = child("down", Linear.withBias(random, studentSize, bottleneck));
    up = child("up", Linear.zero(bottleneck, studentSize));
  }

  @Override
  public Tensor forward(Tensor teacher) {
    Tensor base = adapter == null ? teacher : adapter.forward(teacher);
    return base.add(up.forward(down.forward(base).relu_()));
  }
}
