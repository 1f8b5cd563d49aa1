package org.crossdistill.benchmarks;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.CrdLoss;
import org.crossdistill.nn.UnitEmbedding;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What CRD adds to a step, part by part, each with its gradients; shape B x N x d: a batch of B
 * embeddings, N remembered samples, all of them candidates. A step has each part twice, once for
 * the student and once for the teacher.
 */
@State(Scope.Benchmark)
public class CrdBenchmark {
  private static final double TEMPERATURE = 0.07;
  private static final Scalar ONE = new Scalar(1.0);

  @Param("64x1047x128")
  public String shape;

  /** The only backend that it has. */
  @Param("reference")
  public String via;

  private final CrdLoss loss = new CrdLoss(TEMPERATURE);
  private UnitEmbedding embedding;
  private Tensor rows;
  private Tensor memory;
  private Tensor candidates;
  private Tensor similarities;
  private double normaliser;

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    int size = Math.toIntExact(sizes[2]);
    embedding = new UnitEmbedding(new SplittableRandom(1), size, size);
    rows = inputs.normal(sizes[0], sizes[2]).requires_grad_(true);
    memory = inputs.normal(sizes[1], sizes[2]);
    candidates = inputs.labels(sizes[0] * sizes[1], sizes[1]).reshape(sizes[0], sizes[1]);
    similarities = inputs.weights(sizes[0] * sizes[1]).reshape(sizes[0], sizes[1]).sub_(ONE);
    similarities.requires_grad_(true);
    normaliser = loss.normaliser(similarities.detach(), sizes[1]);
  }

  /** The linear layer on an embedding, and its outputs' lengths made 1. */
  @Benchmark
  public void embedding() {
    try (PointerScope step = new PointerScope()) {
      embedding.forward(rows).sum().backward();
    }
  }

  /** The products with all that is remembered, and the candidates among them. */
  @Benchmark
  public void products() {
    try (PointerScope step = new PointerScope()) {
      rows.mm(memory.t()).gather(1, candidates).sum().backward();
    }
  }

  /** Noise-contrastive estimation on the similarities. */
  @Benchmark
  public void contrast() {
    try (PointerScope step = new PointerScope()) {
      loss.apply(similarities, normaliser, memory.size(0)).backward();
    }
  }
}
