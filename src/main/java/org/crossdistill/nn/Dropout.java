package org.crossdistill.nn;

import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** In training, zeroes each value with a probability and scales the others up to keep the mean. */
public final class Dropout extends Layer {

  private final double probability;
  private GeneratorOptional generator;

  /**
   * @param probability in [0, 1)
   */
  public Dropout(double probability) {
    if (!(probability >= 0 && probability < 1)) {
      throw new NetworkException("dropout: expected 0 <= probability < 1, found " + probability);
    }
    this.probability = probability;
  }

  @Override
  public void randomness(Generator generator) {
    this.generator = new GeneratorOptional(generator);
    this.generator.retainReference();
  }

  @Override
  public Tensor forward(Tensor input) {
    if (!training() || probability == 0) {
      return input;
    }
    if (generator == null) {
      throw new NetworkException("dropout: no randomness was set before training");
    }
    double keep = 1 - probability;
    Tensor mask = torch.empty_like(input.detach()).bernoulli_(keep, generator);
    return input.mul(mask.mul_(new Scalar(1 / keep)));
  }
}
