package org.crossdistill.loss;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaQualityKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Labelled;
import org.crossdistill.kernel.QualityKernels;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Weights of samples by their quality in two modalities. A quality is any number that grows with
 * how good a sample is; by default the {@linkplain #norms norm} of its embedding before
 * normalisation, as in AdaFace (Kim et al., 2022, <a
 * href="https://arxiv.org/abs/2204.00964">arXiv:2204.00964</a>).
 *
 * <p>Each modality's qualities q are standardised with running statistics: Q = clip(h·(q − μ)/(σ +
 * 1e-3), −1, 1). The first batch sets μ to its mean and σ to its unbiased deviation (0 for one
 * sample); each later one moves them by the share alpha. They change in training only, before they
 * are used.
 *
 * <p>Note that {@code difference} trusts the better modality: where the student's sample is the bad
 * one, the weight rises.
 *
 * <p>Weights carry no gradient. Results belong to the caller's innermost {@code PointerScope}. Not
 * thread-safe: the statistics are state.
 */
public final class QualityWeights {

  /** Added to σ, so that a constant quality divides by something. */
  static final double SIGMA_FLOOR = 1e-3;

  /** Where the statistics say whether they hold a batch. */
  private static final int HELD = QualityKernels.QUALITY_STATISTICS - 1;

  private final Options options;
  private final Backend backendOrNull;
  private final Tensor statistics;
  private final EmbeddingWeights ofEmbeddings = new EmbeddingWeights();

  /** The weight w_i from the standardised qualities Q_s of the student and Q_t of the teacher. */
  public enum Quality implements Labelled {
    /** clip(1 + k·(Q_t − Q_s), 0, 2). */
    DIFFERENCE("difference", Crossdistill.CD_QUALITY_DIFFERENCE),
    /** clip(1 + k·Q_t, 0, 2). */
    TEACHER("teacher", Crossdistill.CD_QUALITY_TEACHER),
    /** clip(1 + k·Q_s, 0, 2). */
    STUDENT("student", Crossdistill.CD_QUALITY_STUDENT),
    /** clip((1 + k·Q_t)·(1 + k·Q_s), 0, 4). */
    PRODUCT("product", Crossdistill.CD_QUALITY_PRODUCT),
    /** 1. */
    NONE("none", Crossdistill.CD_QUALITY_NONE);

    private final String label;
    private final int code;

    Quality(String label, int code) {
      this.label = label;
      this.code = code;
    }

    @Override
    public String label() {
      return label;
    }

    /** The number that stands for it in the C interface. */
    public int code() {
      return code;
    }
  }

  /**
   * How qualities become weights.
   *
   * @param quality which modality's quality counts
   * @param k slope of the weight, finite
   * @param h factor of the standardised quality, finite
   * @param alpha share of a batch in the running statistics, from 0 to 1
   */
  public record Options(Quality quality, double k, double h, double alpha) {

    /** Checks the values. */
    public Options {
      Arguments.given("quality", quality);
      Arguments.finite("k", k);
      Arguments.finite("h", h);
      Arguments.range("alpha", alpha, 0, Math.nextUp(1.0));
    }

    /** Quality {@code difference}, k 1, h 0.333, alpha 0.01. */
    public static Options defaults() {
      return new Options(Quality.DIFFERENCE, 1, 0.333, 0.01);
    }
  }

  /**
   * Weights on the backend that is active here, with statistics that hold nothing yet.
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public QualityWeights(Options options) {
    this(Placement.automatic(), options);
  }

  /**
   * Weights on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public QualityWeights(Options options, Backend backend) {
    this(Placement.required(backend), options);
  }

  private QualityWeights(Backend backendOrNull, Options options) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = backendOrNull;
    // Retained, for a scope of the caller may be open and close long before this object goes.
    this.statistics =
        Blank.tensor(DType.F64, QualityKernels.QUALITY_STATISTICS).zero_().retainReference();
  }

  /** The options it was made with. */
  public Options options() {
    return options;
  }

  /**
   * The statistics themselves, to be saved and to be overwritten in place: f64 [5], μ and σ of the
   * student, μ and σ of the teacher, and 1 once they hold a batch, else 0. On the CPU at first; a
   * call moves them to where its arguments are.
   */
  public Tensor statistics() {
    return statistics;
  }

  /**
   * Lengths of embeddings, the default quality.
   *
   * @param embeddings [B, D] in f64, f32, bf16 or f16
   * @return [B] in f64 for f64, otherwise f32; without gradient
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor norms(Tensor embeddings) {
    DType dtype = Arguments.embeddings("embeddings", embeddings);
    Backend backend = Placement.backend(backendOrNull, "embeddings", embeddings);
    if (backend == Backend.REFERENCE) {
      return QualityWeightsReference.norms(embeddings);
    }
    long rows = embeddings.size(0);
    long dim = embeddings.size(1);
    Tensor norms = Blank.tensor(embeddings, dtype.accumulation(), rows);
    try (NativeArray x = NativeArray.matrix(embeddings)) {
      NativeCall.run(
          embeddings,
          threads ->
              QualityKernels.rowNorms(dtype, rows, dim, x.matrix(), Blank.data(norms), threads),
          launch ->
              CudaQualityKernels.rowNorms(dtype, rows, dim, x.matrix(), Blank.data(norms), launch));
    }
    return norms;
  }

  /**
   * Weights of a batch. On a GPU, where nothing waits for the device, a quality that is not finite
   * is no exception but makes weights NaN and leaves the statistics as they are, and so does
   * inference before any batch.
   *
   * @param qualityStudent [B] in f64, f32, bf16 or f16, finite
   * @param qualityTeacher of the student's shape, type and device
   * @param training whether the batch changes the statistics; without it they must hold something
   * @return w [B] in f64 for f64, otherwise f32
   * @throws TensorException naming the argument that is wrong; the statistics are unchanged then
   */
  public Tensor forward(Tensor qualityStudent, Tensor qualityTeacher, boolean training) {
    DType dtype = Arguments.values("qualityStudent", qualityStudent);
    Arguments.same("qualityTeacher", qualityTeacher, "qualityStudent", qualityStudent);
    Backend backend = prepared("qualityStudent", qualityStudent, training);
    return backend == Backend.REFERENCE
        ? QualityWeightsReference.forward(
            options, qualityStudent, qualityTeacher, training, statistics)
        : onKernel(dtype, qualityStudent, qualityTeacher, training);
  }

  /**
   * Weights of a batch by the default quality: {@link #forward} of both sides' {@link #norms} with
   * the same bits, in one call and on a GPU in one launch.
   *
   * @param student embeddings [B, D] in f64, f32, bf16 or f16, of finite norms
   * @param teacher embeddings [B, any] of the student's rows, type and device
   * @param training whether the batch changes the statistics; without it they must hold something
   * @return w [B] in f64 for f64, otherwise f32
   * @throws TensorException naming the argument that is wrong; the statistics are unchanged then
   */
  public Tensor ofEmbeddings(Tensor student, Tensor teacher, boolean training) {
    DType dtype = Arguments.embeddings("student", student);
    Arguments.sameRows("teacher", teacher, "student", student);
    Backend backend = prepared("student", student, training);
    return backend == Backend.REFERENCE
        ? QualityWeightsReference.ofEmbeddings(options, student, teacher, training, statistics)
        : ofEmbeddings.onKernel(dtype, student, teacher, rule(), training, statistics);
  }

  /** The backend for a call, with the statistics in their place. */
  private Backend prepared(String name, Tensor tensor, boolean training) {
    Backend backend = Placement.backend(backendOrNull, name, tensor);
    prepare(backend, tensor, training);
    return backend;
  }

  /** Brings the statistics to where a call's tensors are; refuses those that it can't use. */
  void prepare(Backend backend, Tensor beside, boolean training) {
    placeStatistics(beside);
    if (backend != Backend.CUDA && !training && !holdBatch(statistics)) {
      throw new TensorException("statistics: expected a training batch before, found none");
    }
  }

  /** The tensor stays the same for all who hold it. */
  private void placeStatistics(Tensor beside) {
    if (statistics.is_cpu() && beside.is_cpu()) {
      return;
    }
    try (Results results = new Results()) {
      if (!DTypes.device(statistics).equals(DTypes.device(beside))) {
        statistics.set_data(statistics.to(beside.device(), statistics.scalar_type()));
      }
    }
  }

  /** Waits for a GPU, if the statistics lie there. */
  static boolean holdBatch(Tensor statistics) {
    try (Results results = new Results()) {
      return statistics.select(0, HELD).item_double() != 0;
    }
  }

  QualityKernels.QualityRule rule() {
    return new QualityKernels.QualityRule(
        options.quality.code, options.k, options.h, options.alpha);
  }

  private Tensor onKernel(
      DType dtype, Tensor qualityStudent, Tensor qualityTeacher, boolean update) {
    long rows = qualityStudent.size(0);
    QualityKernels.QualityRule rule = rule();
    Tensor weights = Blank.tensor(qualityStudent, dtype.accumulation(), rows);
    try (NativeArray student = NativeArray.vector(qualityStudent);
        NativeArray teacher = NativeArray.vector(qualityTeacher);
        NativeArray state = NativeArray.vector(statistics)) {
      Pointer out = Blank.data(weights);
      NativeCall.run(
          qualityStudent,
          threads ->
              QualityKernels.qualityWeights(
                  dtype, rows, student.data(), teacher.data(), rule, update, state.data(), out),
          launch ->
              CudaQualityKernels.qualityWeights(
                  dtype,
                  rows,
                  student.data(),
                  teacher.data(),
                  rule,
                  update,
                  state.data(),
                  out,
                  launch));
    }
    return weights;
  }
}
