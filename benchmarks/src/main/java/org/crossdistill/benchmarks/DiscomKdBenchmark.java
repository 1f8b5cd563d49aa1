package org.crossdistill.benchmarks;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.loss.DiscomKdLoss;
import org.crossdistill.loss.DiscomKdLoss.Head;
import org.crossdistill.loss.DiscomKdLoss.Heads;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.DiscomKdLoss.Options;
import org.crossdistill.loss.DiscomKdLoss.Term;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Terms of DisCoM-KD and their gradients, the heads' passes included; shape B x D a modality. */
@State(Scope.Benchmark)
public class DiscomKdBenchmark {
  private static final int CLASSES = 10;

  @Param({"64x256", "256x256"})
  public String shape;

  @Param({"cpu", "reference"})
  public String via;

  private DiscomKdLoss loss;
  private Modality one;
  private Modality two;
  private Heads heads;

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    loss = new DiscomKdLoss(Options.defaults(), Inputs.backend(via));
    one = modality(inputs, sizes[0], sizes[1]);
    two = modality(inputs, sizes[0], sizes[1]);
    heads =
        new Heads(
            head(inputs, CLASSES, 2 * sizes[1]),
            head(inputs, CLASSES, 2 * sizes[1]),
            head(inputs, CLASSES, sizes[1]),
            head(inputs, 2, sizes[1]),
            head(inputs, 2, sizes[1]),
            head(inputs, 2, sizes[1]));
  }

  private static Modality modality(Inputs inputs, long rows, long size) {
    Tensor inv = inputs.normal(rows, size);
    Tensor inf = inputs.normal(rows, size);
    Tensor irr = inputs.normal(rows, size);
    Tensor joint = torch.cat(new TensorVector(inv, inf), 1);
    return new Modality(inputs.labels(rows, CLASSES), inv, inf, irr, joint);
  }

  private static Head head(Inputs inputs, long classes, long size) {
    return new Head(inputs.normal(classes, size), inputs.normal(1, classes).reshape(classes));
  }

  /** Gradients of L_perp alone; the other terms' values are made, too. */
  @Benchmark
  public void perpendicular() {
    try (PointerScope step = new PointerScope()) {
      loss.forward(one, two, heads, 1, term -> term == Term.PERP ? 1 : 0);
    }
  }

  /** All values, no gradient: to be taken off the other two. */
  @Benchmark
  public void values() {
    try (PointerScope step = new PointerScope()) {
      loss.forward(one, two, heads, 1, term -> 0);
    }
  }

  /** All five terms. */
  @Benchmark
  public void terms() {
    try (PointerScope step = new PointerScope()) {
      loss.forward(one, two, heads, 1, term -> 1);
    }
  }
}
