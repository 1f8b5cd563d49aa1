package org.crossdistill.benchmarks;

import java.util.EnumSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.loss.SoftMarginFeatureLoss.Options;
import org.crossdistill.loss.SoftMarginFeatureLoss.Output;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The weighted feature loss and both its gradients, on tensors; shape B x D. */
@State(Scope.Benchmark)
public class FeatureMarginBenchmark {
  private static final EnumSet<Output> GRADIENTS =
      EnumSet.of(Output.GRAD_STUDENT, Output.GRAD_TEACHER);

  @Param({"256x128", "4096x512", "16384x512"})
  public String shape;

  /** The backend. JMH sorts by name: this one makes it measure both of a shape in a row. */
  @Param({"cpu", "reference"})
  public String via;

  private SoftMarginFeatureLoss loss;
  private Tensor student;
  private Tensor teacher;
  private Tensor weights;

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    student = inputs.normal(sizes[0], sizes[1]);
    teacher = inputs.normal(sizes[0], sizes[1]);
    weights = inputs.weights(sizes[0]);
    loss = new SoftMarginFeatureLoss(Options.defaults(), Inputs.backend(via));
  }

  @Benchmark
  public void normalized() {
    try (PointerScope step = new PointerScope()) {
      loss.forward(student, teacher, weights, 1, GRADIENTS);
    }
  }
}
