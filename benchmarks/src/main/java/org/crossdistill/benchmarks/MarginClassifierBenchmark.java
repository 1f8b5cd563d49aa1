package org.crossdistill.benchmarks;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.MarginClassifierLoss.Options;
import org.crossdistill.loss.MarginClassifierLoss.Output;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The weighted classifier loss, its gradients for rows and classifier, and the hits; B x C x D. */
@State(Scope.Benchmark)
public class MarginClassifierBenchmark {
  private static final EnumSet<Output> GRADIENTS =
      EnumSet.of(Output.GRAD_EMBEDDINGS, Output.GRAD_CLASSIFIER, Output.HITS);

  @Param({"64x309x128", "256x1000x512", "256x10000x512"})
  public String shape;

  /** The backend. JMH sorts by name: this one makes it measure both of a shape in a row. */
  @Param({"cpu", "reference"})
  public String via;

  private MarginClassifierLoss loss;
  private Tensor classifier;
  private RowSet rows;

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    rows =
        new RowSet(
            inputs.normal(sizes[0], sizes[2]),
            inputs.labels(sizes[0], sizes[1]),
            inputs.weights(sizes[0]),
            1);
    classifier = inputs.normal(sizes[1], sizes[2]);
    loss = new MarginClassifierLoss(Options.defaults(), Inputs.backend(via));
  }

  @Benchmark
  public void aam() {
    try (PointerScope step = new PointerScope()) {
      loss.forward(classifier, null, List.of(rows), GRADIENTS);
    }
  }
}
