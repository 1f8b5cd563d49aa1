package org.crossdistill.benchmarks;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.method.Batch;
import org.crossdistill.method.Method;
import org.crossdistill.method.MethodContext;
import org.crossdistill.method.MethodContext.Encoders;
import org.crossdistill.method.MethodContext.Teacher;
import org.crossdistill.method.Methods;
import org.crossdistill.method.NetworksAlone;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Passthrough;
import org.crossdistill.nn.TorchThreads;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What a method's step costs beside the backbones, whose place is taken by ready-made embeddings:
 * forward, losses, backward, on one thread. Shape B x N x C x D: rows, training samples, classes,
 * embedding size of both modalities. What a method adds is its time less that of {@code none}.
 */
@State(Scope.Benchmark)
public class MethodBenchmark {

  @Param("64x1047x69x128")
  public String shape;

  @Param({
    "none",
    "cmd",
    "c2kd",
    "discom-kd",
    "fitnets",
    "kd",
    "dkd",
    "nkd",
    "dist",
    "lskd",
    "rkd",
    "sp",
    "pkt",
    "cc",
    "crd",
    "simkd"
  })
  public String method;

  private Method whole;
  private Method networks;
  private Batch batch;

  @Setup
  public void prepare() {
    TorchThreads.set(1);
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    whole = method(sizes);
    networks = new NetworksAlone(method(sizes));
    Tensor labels = inputs.labels(sizes[0], sizes[2]);
    Tensor student = inputs.normal(sizes[0], sizes[3]).requires_grad_(true);
    Tensor embeddings = inputs.normal(sizes[0], sizes[3]);
    Tensor logits = inputs.normal(sizes[0], sizes[2]);
    Batch.Side teacher = Batch.Side.of(embeddings, labels).with(embeddings, logits);
    Tensor samples = inputs.labels(sizes[0], sizes[1]);
    batch = new Batch(Batch.Side.of(student, labels), teacher, samples, 0.5);
  }

  private Method method(long[] sizes) {
    int classes = (int) sizes[2];
    int size = (int) sizes[3];
    SplittableRandom random = new SplittableRandom(7);
    Teacher teacher =
        new Teacher(size, new Classifier(random, classes, size), new Passthrough(size));
    MethodContext context =
        MethodContext.of(
                new Passthrough(size), classes, MarginClassifierLoss.Options.defaults(), random)
            .with(teacher)
            .with(new Encoders(r -> new Passthrough(size), r -> new Passthrough(size)))
            .withSamples((int) sizes[1]);
    Methods.Entry entry = Methods.named(method);
    Method made = entry.create().apply(entry.defaults(), context);
    Generator source = torch.make_generator_cpu();
    made.networks().values().forEach(network -> network.randomness(source));
    return made;
  }

  /** A whole step but for the update of the parameters. */
  @Benchmark
  public void step() {
    run(whole);
  }

  /** The passes that LibTorch makes in it, without the losses. */
  @Benchmark
  public void passes() {
    run(networks);
  }

  private void run(Method made) {
    try (PointerScope step = new PointerScope()) {
      made.step(batch).backward();
    }
  }
}
