package org.crossdistill.benchmarks;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.CrdLoss;
import org.crossdistill.loss.CrdLoss.Candidates;
import org.crossdistill.nn.Tensors;
import org.crossdistill.nn.UnitEmbedding;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What CRD adds to a step, part by part, each with its gradients; shape B x N x d: a batch of B
 * embeddings, N remembered samples, N − 1 draws a row. A step has each part twice, once for the
 * student and once for the teacher.
 */
@State(Scope.Benchmark)
public class CrdBenchmark {
  private static final double TEMPERATURE = 0.07;

  @Param("64x1047x128")
  public String shape;

  @Param({"cpu", "reference"})
  public String via;

  private CrdLoss loss;
  private UnitEmbedding embedding;
  private Tensor rows;
  private Candidates candidates;
  private double normaliser;
  private long samples;

  @Setup
  public void prepare() {
    long[] sizes = Inputs.sizes(shape);
    Inputs inputs = new Inputs();
    int size = Math.toIntExact(sizes[2]);
    loss = new CrdLoss(TEMPERATURE, Inputs.backend(via));
    embedding = new UnitEmbedding(new SplittableRandom(1), size, size);
    rows = Tensors.normalize(inputs.normal(sizes[0], sizes[2])).requires_grad_(true);
    Tensor memory = Tensors.normalize(inputs.normal(sizes[1], sizes[2]));
    Tensor own = inputs.labels(sizes[0], sizes[1]);
    Tensor counts = inputs.weights(sizes[0] * sizes[1]).reshape(sizes[0], sizes[1]).round_();
    candidates = new Candidates(memory, own, counts, sizes[1] - 1);
    samples = sizes[1];
    normaliser = loss.normaliser(rows.detach(), candidates, samples);
  }

  /** The linear layer on an embedding, and its outputs' lengths made 1. */
  @Benchmark
  public void embedding() {
    try (PointerScope step = new PointerScope()) {
      embedding.forward(rows).sum().backward();
    }
  }

  /** Noise-contrastive estimation of embeddings against the memory. */
  @Benchmark
  public void contrast() {
    try (PointerScope step = new PointerScope()) {
      loss.apply(rows, candidates, normaliser, samples).backward();
    }
  }

  /** The two products with the memory alone, by LibTorch's BLAS: similarities, and the gradient. */
  @Benchmark
  public void products() {
    try (PointerScope step = new PointerScope()) {
      Tensor similarities = rows.detach().mm(candidates.embeddings().t());
      similarities.mm(candidates.embeddings());
    }
  }
}
