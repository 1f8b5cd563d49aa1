package org.crossdistill.loss;

import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.RelationKernels;

/**
 * Noise-contrastive estimation of contrastive representation distillation (CRD; Tian et al., ICLR
 * 2020, <a href="https://arxiv.org/abs/1910.10699">arXiv:1910.10699</a>): each row is compared with
 * its own candidate o and m others, drawn from all N samples.
 *
 * <pre>
 * x_j = exp(g·c_j/τ)/Z
 * L = −1/B·Σ_i [ log x_o/(x_o + m/N + ε) + Σ_drawn log (m/N)/(x_j + m/N + ε) ],   ε = 1e-7
 * </pre>
 *
 * <p>This is logistic regression, and computed as such, so that no exponential overflows: with u_j
 * = g·c_j/τ − log Z − log(m/N + ε)
 *
 * <pre>
 * L = 1/B·Σ_i [ softplus(−u_o) + Σ_drawn softplus(u_j) ] + m·log(1 + ε·N/m)
 * ∂L/∂g = 1/(B·τ)·Σ_j (n_j·sigmoid(u_j) − [j = o])·c_j,   n_j how often j counts
 * </pre>
 *
 * <p>The kernel is for candidates that all rows share, on a CPU; others, and all on a GPU, are the
 * reference composition. Thread-safe.
 */
public final class CrdLoss {

  private static final double EPSILON = 1e-7;

  private final double temperature;
  private final Backend backendOrNull;

  /**
   * What each of B rows is compared with.
   *
   * @param embeddings of K candidates, the same for all rows [K, d], or of each row's own [B, K, d]
   * @param own o: which of the K is the row's own, [B], int64
   * @param countsOrNull n: how often each counts, [B, K] of the embeddings' type, the own one once;
   *     null if each counts once
   * @param negatives m ≥ 1: drawn for each row, so that n adds up to 1 + m
   */
  public record Candidates(Tensor embeddings, Tensor own, Tensor countsOrNull, long negatives) {

    private void check(Tensor rows) {
      Arguments.embeddings("rows", rows);
      Arguments.rows("rows", rows, 1);
      Arguments.positive("negatives", negatives);
      Arguments.vector("own", own, ScalarType.Long, rows.size(0), rows);
      checkEmbeddings(rows);
      if (countsOrNull != null) {
        Arguments.matrix("counts", countsOrNull, rows.size(0), embeddings.size(-2), rows);
      }
      if (rows.is_cpu()) {
        checkOwn(embeddings.size(-2));
      }
    }

    private void checkEmbeddings(Tensor rows) {
      Arguments.present("candidates", "[K, " + rows.size(1) + "]", embeddings);
      boolean alike =
          DTypes.is(embeddings, rows.scalar_type())
              && Arguments.dense(embeddings)
              && DTypes.device(embeddings).equals(DTypes.device(rows))
              && embeddings.dim() >= 2
              && embeddings.size(-1) == rows.size(1);
      boolean each = embeddings.dim() == 3 && embeddings.size(0) == rows.size(0);
      if (!alike || !(shared() || each)) {
        throw new TensorException(
            "candidates: expected [K, %d] or [%d, K, %d] of %s, found %s"
                .formatted(
                    rows.size(1),
                    rows.size(0),
                    rows.size(1),
                    DTypes.of(rows).label(),
                    DTypes.describe(embeddings)));
      }
    }

    private void checkOwn(long candidates) {
      try (Results results = new Results()) {
        Tensor wrong = own.lt(new Scalar(0)).logical_or(own.ge(new Scalar(candidates)));
        if (wrong.any().item_bool()) {
          long row = wrong.nonzero().select(0, 0).item_long();
          throw new TensorException(
              "own: expected a candidate from 0 to %d, found %d in row %d"
                  .formatted(candidates - 1, own.select(0, row).item_long(), row));
        }
      }
    }

    /** Whether all rows have the same. */
    private boolean shared() {
      return embeddings.dim() == 2;
    }

    private Tensor counts(DType dtype) {
      return countsOrNull == null ? null : countsOrNull.to(DTypes.scalarType(dtype));
    }

    /** a·c [B, K] of rows a [B, d]. */
    private Tensor products(Tensor rows) {
      return shared() ? rows.mm(embeddings.t()) : embeddings.bmm(rows.unsqueeze(2)).squeeze(2);
    }

    /** Σ_j s_j·c_j [B, d] of slopes [B, K]. */
    private Tensor sums(Tensor slopes) {
      return shared() ? slopes.mm(embeddings) : slopes.unsqueeze(1).bmm(embeddings).squeeze(1);
    }

    /** Σ n_j·x_j over all rows. */
    private Tensor counted(Tensor values) {
      return countsOrNull == null
          ? values.sum()
          : flat(values).dot(flat(countsOrNull).to(values.scalar_type()));
    }

    private static Tensor flat(Tensor matrix) {
      return matrix.reshape(-1);
    }
  }

  /**
   * A value and its gradient.
   *
   * @param loss []
   * @param gradRows ∂L/∂g, like the rows
   */
  public record Result(Tensor loss, Tensor gradRows) {}

  /**
   * The loss with the kernel where that is active, otherwise with the reference composition.
   *
   * @param temperature τ, from 1e-9 to 1e9
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public CrdLoss(double temperature) {
    Arguments.temperature(temperature);
    this.temperature = temperature;
    this.backendOrNull = Placement.automatic();
  }

  /**
   * The same on a certain backend.
   *
   * @param backend {@code CPU} or {@code REFERENCE}; there is no CUDA kernel
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   * @throws TensorException for {@code CUDA}
   */
  public CrdLoss(double temperature, Backend backend) {
    Arguments.temperature(temperature);
    if (backend == Backend.CUDA) {
      throw new TensorException("backend: expected cpu or reference for crd, found cuda");
    }
    this.temperature = temperature;
    this.backendOrNull = Placement.required(backend);
  }

  /**
   * Z as the first batch sets it: N times the mean of exp(g·c/τ), in f64, which holds the
   * exponential of 1/τ for temperatures that f32 has none for.
   *
   * @param rows g [B, d] in f64 or f32, B ≥ 1
   * @param samples N ≥ 1
   * @throws TensorException naming the argument that is wrong
   */
  public double normaliser(Tensor rows, Candidates candidates, long samples) {
    Arguments.given("candidates", candidates).check(rows);
    Arguments.positive("samples", samples);
    try (Results results = new Results();
        AutoGradMode off = new AutoGradMode(false)) {
      Tensor scores = candidates.products(scaled(rows)).to(ScalarType.Double).exp_();
      double count = rows.size(0) * (1.0 + candidates.negatives);
      return candidates.counted(scores).item_double() / count * samples;
    }
  }

  /**
   * The loss as a part of the rows' graph, differentiable once by them; value and gradient are
   * computed here, so that candidates may change afterwards.
   *
   * @param rows g [B, d] in f64 or f32, B ≥ 1
   * @param normaliser Z > 0
   * @param samples N ≥ 1
   * @return []
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor apply(Tensor rows, Candidates candidates, double normaliser, long samples) {
    try (Results results = new Results()) {
      Result result = forward(rows, candidates, normaliser, samples);
      return results.keep(new KnownGradients().add(rows, result.gradRows()).node(result.loss()));
    }
  }

  /**
   * The loss and its gradient, outside any graph.
   *
   * @param rows g [B, d] in f64 or f32, B ≥ 1
   * @param normaliser Z > 0
   * @param samples N ≥ 1
   * @throws TensorException naming the argument that is wrong
   */
  public Result forward(Tensor rows, Candidates candidates, double normaliser, long samples) {
    Arguments.given("candidates", candidates).check(rows);
    Arguments.positive("normaliser", normaliser);
    Arguments.positive("samples", samples);
    Backend backend = Placement.backend(backendOrNull, "rows", rows);
    return backend == Backend.CPU && candidates.shared()
        ? onKernel(rows, candidates, normaliser, samples)
        : composed(rows, candidates, normaliser, samples);
  }

  private Result onKernel(Tensor rows, Candidates candidates, double normaliser, long samples) {
    DType dtype = DTypes.of(rows);
    Result result = new Result(Blank.tensor(dtype.accumulation()), Blank.like(rows));
    try (NativeArray g = NativeArray.matrix(rows);
        NativeArray memory = NativeArray.matrix(candidates.embeddings);
        NativeArray own = NativeArray.vector(candidates.own);
        Results temporaries = new Results();
        NativeArray counts = NativeArray.matrix(candidates.counts(dtype.accumulation()))) {
      RelationKernels.CrdInputs inputs =
          new RelationKernels.CrdInputs(
              dtype,
              rows.size(0),
              candidates.embeddings.size(0),
              rows.size(1),
              g.matrix(),
              memory.matrix(),
              own.data(),
              counts.matrix(),
              temperature,
              normaliser,
              candidates.negatives,
              samples,
              1);
      RelationKernels.CrdOutputs outputs =
          new RelationKernels.CrdOutputs(Blank.data(result.loss), Blank.matrix(result.gradRows));
      NativeCall.run(threads -> RelationKernels.crd(inputs, outputs, threads));
    }
    return result;
  }

  private Result composed(Tensor rows, Candidates candidates, double normaliser, long samples) {
    double noise = (double) candidates.negatives / samples;
    double offset = Math.log(normaliser) + Math.log(noise + EPSILON);
    double constant = candidates.negatives * Math.log1p(EPSILON / noise);
    double batch = rows.size(0);
    try (Results results = new Results();
        AutoGradMode off = new AutoGradMode(false)) {
      Tensor u = candidates.products(scaled(rows)).sub_(new Scalar(offset)); // [B, K]
      Tensor column = candidates.own.unsqueeze(1);
      Tensor own = u.gather(1, column); // [B, 1]
      // softplus(−u_o) = softplus(u_o) − u_o
      Tensor sum = candidates.counted(torch.log_sigmoid(u.neg())).add(own.sum()).neg();
      Tensor loss = sum.div(new Scalar(batch)).add(new Scalar(constant));

      Tensor slopes = u.sigmoid_();
      if (candidates.countsOrNull != null) {
        slopes.mul_(candidates.countsOrNull);
      }
      slopes.scatter_add_(1, column, torch.ones_like(own).neg());
      Tensor gradient = candidates.sums(slopes).mul_(new Scalar(1 / (batch * temperature)));
      return new Result(results.keep(loss), results.keep(gradient));
    }
  }

  /** g/τ, without a graph. */
  private Tensor scaled(Tensor rows) {
    return rows.detach().div(new Scalar(temperature));
  }
}
