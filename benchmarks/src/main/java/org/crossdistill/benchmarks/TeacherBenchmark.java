package org.crossdistill.benchmarks;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.nn.FeatureEncoder;
import org.crossdistill.nn.TorchThreads;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The pass of a frozen text teacher that a step would hold if its embeddings were not computed once
 * for all; on one thread. Shape B x F: rows, features of a text.
 */
@State(Scope.Benchmark)
public class TeacherBenchmark {

  @Param("64x4600")
  public String shape;

  private FeatureEncoder teacher;
  private Tensor texts;

  @Setup
  public void prepare() {
    TorchThreads.set(1);
    long[] sizes = Inputs.sizes(shape);
    teacher =
        new FeatureEncoder(
            new SplittableRandom(7), (int) sizes[1], FeatureEncoder.Options.defaults());
    teacher.training(false);
    texts = new Inputs().normal(sizes[0], sizes[1]);
  }

  /** Without gradients. */
  @Benchmark
  public void pass() {
    try (PointerScope step = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      teacher.forward(texts);
    }
  }
}
