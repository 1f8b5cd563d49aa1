package org.crossdistill.bench;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.RelationKernels;
import org.crossdistill.loss.CrdLoss;

/** Noise-contrastive estimation of B embeddings against K samples, all of them drawn; B x K x D. */
final class CrdProblem implements Problem {

  /** The authors'. */
  private static final double TEMPERATURE = 0.07;

  private final DType dtype;
  private final Tensor embeddings;
  private final Tensor memory;
  private final Tensor own;
  private final Tensor counts;
  private final double normaliser;
  private final Tensor loss;
  private final Tensor gradEmbeddings;

  private CrdProblem(
      DType dtype, Tensor embeddings, Tensor memory, Tensor own, Tensor counts, double normaliser) {
    this.dtype = dtype;
    this.embeddings = embeddings;
    this.memory = memory;
    this.own = own;
    this.counts = counts;
    this.normaliser = normaliser;
    loss = Inputs.blank(dtype.accumulation(), 1);
    gradEmbeddings = Inputs.blankLike(embeddings);
  }

  static CrdProblem of(DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    Tensor embeddings = inputs.unit(dtype, sizes[0], sizes[2]);
    Tensor memory = inputs.unit(dtype, sizes[1], sizes[2]);
    Tensor own = inputs.labels(sizes[0], sizes[1]);
    Tensor counts = inputs.weights(sizes[0] * sizes[1]).reshape(sizes[0], sizes[1]).round_();
    return new CrdProblem(
        dtype, embeddings, memory, own, Inputs.as(dtype.accumulation(), counts), sizes[1]);
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    RelationKernels.CrdInputs in =
        new RelationKernels.CrdInputs(
            dtype,
            embeddings.size(0),
            memory.size(0),
            embeddings.size(1),
            Inputs.matrix(embeddings),
            Inputs.matrix(memory),
            own.data_ptr(),
            Inputs.matrix(counts),
            TEMPERATURE,
            normaliser,
            memory.size(0),
            memory.size(0),
            1);
    RelationKernels.crd(
        in,
        new RelationKernels.CrdOutputs(loss.data_ptr(), Inputs.matrix(gradEmbeddings)),
        threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradEmbeddings);
  }

  @Override
  public List<Tensor> reference() {
    CrdLoss.Candidates candidates = new CrdLoss.Candidates(memory, own, counts, memory.size(0));
    CrdLoss reference = new CrdLoss(TEMPERATURE, Backend.REFERENCE);
    return List.of(
        reference.forward(embeddings, candidates, normaliser, memory.size(0)).gradRows());
  }

  /** All of it. */
  @Override
  public Problem part(DType type) {
    return new CrdProblem(
        type,
        Inputs.as(type, embeddings),
        Inputs.as(type, memory),
        own,
        Inputs.as(type.accumulation(), counts),
        normaliser);
  }

  @Override
  public Limit limit() {
    return Limit.PRODUCTS;
  }

  @Override
  public long bytes() {
    return (2 * embeddings.numel() + memory.numel()) * dtype.bytes()
        + counts.numel() * dtype.accumulation().bytes();
  }

  /** Similarities and gradient. */
  @Override
  public Long flops() {
    return 4 * embeddings.numel() * memory.size(0);
  }

  @Override
  public long largestArray() {
    return counts.numel();
  }
}
