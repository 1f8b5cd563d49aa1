package org.crossdistill.benchmarks;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.QualityWeights;
import org.crossdistill.loss.QualityWeights.Options;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The norms of both modalities' embeddings and the weights from them, in training; B x D. */
@State(Scope.Benchmark)
public class QualityWeightsBenchmark {

  @Param({"64x128", "256x512", "4096x512"})
  public String shape;

  /** The backend. JMH sorts by name: this one makes it measure both of a shape in a row. */
  @Param({"cpu", "reference"})
  public String via;

  private QualityWeights weights;
  private Tensor student;
  private Tensor teacher;

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    student = inputs.normal(sizes[0], sizes[1]);
    teacher = inputs.normal(sizes[0], sizes[1]);
    weights = new QualityWeights(Options.defaults(), Inputs.backend(via));
  }

  @Benchmark
  public void difference() {
    try (PointerScope step = new PointerScope()) {
      weights.ofEmbeddings(student, teacher, true);
    }
  }
}
