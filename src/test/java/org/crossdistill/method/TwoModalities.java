package org.crossdistill.method;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.nn.Backbone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.nn.TorchThreads;

/** Small random pictures in two modalities that show the class, with networks for both. */
final class TwoModalities {

  static final int ROWS = 6;
  static final int CLASSES = 3;
  static final int TEACHER_SIZE = 7;

  private static final SmallResNet.Options STUDENT =
      new SmallResNet.Options(List.of(4, 5, 6), 6, 0);
  private static final SmallResNet.Options TEACHER =
      new SmallResNet.Options(List.of(4, 3, 4), TEACHER_SIZE, 0);

  private TwoModalities() {}

  static MarginClassifierLoss.Options identityLoss() {
    MarginClassifierLoss.Options loss = MarginClassifierLoss.Options.defaults();
    return new MarginClassifierLoss.Options(
        loss.kind(), 8, loss.margin(), loss.easyMargin(), loss.reduction());
  }

  /** Everything that a method may need. */
  static MethodContext context(long seed) {
    TorchThreads.set(1); // only then do convolutions give the same bits again
    SplittableRandom random = new SplittableRandom(seed);
    Backbone teacher = new SmallResNet(random, TEACHER);
    Classifier matrix = new Classifier(random, CLASSES, TEACHER_SIZE);
    return MethodContext.of(new SmallResNet(random, STUDENT), CLASSES, identityLoss(), random)
        .with(new MethodContext.Teacher(TEACHER_SIZE, matrix, teacher))
        .with(
            new MethodContext.Encoders(
                r -> new SmallResNet(r, STUDENT), r -> new SmallResNet(r, TEACHER)))
        .withSamples(2 * ROWS);
  }

  static Batch batch() {
    SplittableRandom random = new SplittableRandom(7);
    Tensor labels = Tensor.create(0L, 1L, 2L, 0L, 1L, 2L);
    Tensor shown = labels.to(torch.ScalarType.Float).reshape(ROWS, 1, 1, 1);
    Batch.Side other =
        Batch.Side.of(Init.normal(random, ROWS, 3, 8, 8).sub(shown), labels)
            .with(Init.normal(random, ROWS, TEACHER_SIZE), Init.normal(random, ROWS, CLASSES));
    Tensor input = Init.normal(random, ROWS, 3, 8, 8).add(shown);
    Tensor samples = Tensor.create(0L, 2L, 4L, 6L, 8L, 10L);
    return new Batch(Batch.Side.of(input, labels), other, samples, 0.5);
  }

  /** Sets the source of randomness of all networks. */
  static <M extends Method> M ready(M method) {
    Generator generator = torch.make_generator_cpu();
    generator.set_current_seed(5);
    generator.retainReference();
    method.networks().values().forEach(network -> network.randomness(generator));
    return method;
  }

  /** Σ g² over everything that trains. */
  static double squareOfGradients(Method method) {
    double sum = 0;
    for (ParameterGroup group : method.parameterGroups()) {
      for (Tensor parameter : group.parameters().values()) {
        sum += parameter.grad().square().sum().item_double();
      }
    }
    return sum;
  }

  /** One step of plain gradient descent. */
  static void descend(Method method, double rate) {
    try (NoGradGuard noGrad = new NoGradGuard()) {
      for (ParameterGroup group : method.parameterGroups()) {
        for (Tensor parameter : group.parameters().values()) {
          if (parameter.grad().defined()) {
            parameter.sub_(parameter.grad(), new Scalar(rate));
          }
        }
      }
    }
  }

  /** Largest absolute gradient of some parameters; 0 where none was computed. */
  static double largestGradient(Map<String, Tensor> parameters) {
    double largest = 0;
    for (Tensor parameter : parameters.values()) {
      if (parameter.grad().defined()) {
        largest = Math.max(largest, parameter.grad().abs().max().item_double());
      }
    }
    return largest;
  }
}
