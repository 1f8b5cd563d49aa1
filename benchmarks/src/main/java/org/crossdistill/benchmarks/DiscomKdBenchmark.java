package org.crossdistill.benchmarks;

import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.DiscomKdLoss;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.DiscomKdLoss.Options;
import org.crossdistill.loss.DiscomKdLoss.Term;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Terms of DisCoM-KD and their gradients, L_perp by the kernel's cosine distance or composed of
 * LibTorch's operators, all others composed; shape B x D a modality.
 */
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

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    loss = new DiscomKdLoss(Options.defaults(), Backend.valueOf(via.toUpperCase(Locale.ROOT)));
    one = modality(inputs, sizes[0], sizes[1]);
    two = modality(inputs, sizes[0], sizes[1]);
  }

  private static Modality modality(Inputs inputs, long rows, long size) {
    return new Modality(
        inputs.labels(rows, CLASSES),
        variable(inputs, rows, size),
        variable(inputs, rows, size),
        variable(inputs, rows, size),
        variable(inputs, rows, CLASSES),
        variable(inputs, rows, CLASSES),
        variable(inputs, rows, CLASSES),
        variable(inputs, rows, 2),
        variable(inputs, rows, 2),
        variable(inputs, rows, 2));
  }

  private static Tensor variable(Inputs inputs, long rows, long columns) {
    return inputs.normal(rows, columns).requires_grad_(true);
  }

  /** L_perp alone. The other terms' values are made, too, but not their gradients. */
  @Benchmark
  public void perpendicular() {
    try (PointerScope step = new PointerScope()) {
      loss.terms(one, two).get(Term.PERP).backward();
    }
  }

  /** All values, no gradient: to be taken off the other two. */
  @Benchmark
  public void values() {
    try (PointerScope step = new PointerScope()) {
      loss.terms(one, two);
    }
  }

  /** All five terms. */
  @Benchmark
  public void terms() {
    try (PointerScope step = new PointerScope()) {
      loss.terms(one, two).values().stream().reduce(Tensor::add).orElseThrow().backward();
    }
  }
}
