package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.CudaKernels;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Kernels;
import org.crossdistill.kernel.Labelled;
import org.crossdistill.kernel.binding.Crossdistill;

/**
 * Soft constraint on features: a row's distance between student and teacher costs only what it
 * exceeds a margin by. Per row l_i = max(0, d_i − margin), active only where d_i &gt; margin; the
 * loss is Σ w_i·l_i / n with n by the {@link Reduction}, and 0 with zero gradients where there are
 * no rows.
 *
 * <p>x̂ is x/‖x‖; a row shorter than 1e-12 has x̂ = 0 and gradient 0. d_i = 0 has gradient 0. A
 * non-finite input gives a non-finite loss; on a GPU so does a weight out of range.
 *
 * <p>The idea is that of cross-modal distillation with soft constraints (Zhao et al., 2025, <a
 * href="https://arxiv.org/abs/2507.16296">arXiv:2507.16296</a>), whose formula is not public; this
 * one is ours.
 *
 * <p>Inputs may have any strides and may require gradients; they are never changed. Results belong
 * to the caller's innermost {@code PointerScope}. Immutable and thread-safe.
 */
public final class SoftMarginFeatureLoss {

  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  private final Options options;
  private final Backend backendOrNull;

  /** Distance d_i between the rows s of the student and t of the teacher. */
  public enum Distance implements Labelled {
    /** ‖ŝ − t̂‖, from 0 to 2. */
    NORMALIZED("normalized", Crossdistill.CD_DISTANCE_NORMALIZED, 2),
    /** ‖ŝ − t̂‖², from 0 to 4. */
    SQUARED_NORMALIZED("squared-normalized", Crossdistill.CD_DISTANCE_SQUARED_NORMALIZED, 4),
    /** 1 − ŝ·t̂, from 0 to 2. */
    COSINE("cosine", Crossdistill.CD_DISTANCE_COSINE, 2),
    /** ‖s − t‖. */
    EUCLIDEAN("euclidean", Crossdistill.CD_DISTANCE_EUCLIDEAN, Double.POSITIVE_INFINITY),
    /** ‖s − t‖², summed over the columns. */
    SQUARED("squared", Crossdistill.CD_DISTANCE_SQUARED, Double.POSITIVE_INFINITY);

    private final String label;
    private final int code;
    private final double largest;

    Distance(String label, int code, double largest) {
      this.label = label;
      this.code = code;
      this.largest = largest;
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
   * How the loss is computed.
   *
   * @param distance between two rows
   * @param margin tolerated distance: finite, at least 0, less than the largest distance; 0 is the
   *     hard constraint
   * @param reduction of the rows' losses
   */
  public record Options(Distance distance, double margin, Reduction reduction) {

    /** Checks the values. */
    public Options {
      Arguments.given("distance", distance);
      Arguments.given("reduction", reduction);
      Arguments.range("margin", margin, 0, distance.largest);
    }

    /** Distance {@code normalized}, margin 0.3, reduction {@code mean}. */
    public static Options defaults() {
      return new Options(Distance.NORMALIZED, 0.3, Reduction.MEAN);
    }
  }

  /** What a call computes beside the loss. */
  public enum Output {
    ROWS,
    DISTANCES,
    GRAD_STUDENT,
    GRAD_TEACHER,
    GRAD_WEIGHTS
  }

  /**
   * Value and gradients; null where not asked for. A is f64 for f64 embeddings, otherwise f32.
   *
   * @param loss [] of A
   * @param rows l_i, unweighted: [B] of A
   * @param distances d_i: [B] of A
   * @param gradStudent [B, D] of the embeddings' type
   * @param gradTeacher [B, D] of the embeddings' type
   * @param gradWeights [B] of A
   */
  public record Result(
      Tensor loss,
      Tensor rows,
      Tensor distances,
      Tensor gradStudent,
      Tensor gradTeacher,
      Tensor gradWeights) {}

  /**
   * A loss on the backend that is active here (see {@link org.crossdistill.kernel.Backends}).
   *
   * @throws org.crossdistill.kernel.KernelException if a pinned backend does not work
   */
  public SoftMarginFeatureLoss(Options options) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.automatic();
  }

  /**
   * A loss on a certain backend, never another.
   *
   * @throws org.crossdistill.kernel.KernelException if that does not work here
   */
  public SoftMarginFeatureLoss(Options options, Backend backend) {
    this.options = Arguments.given("options", options);
    this.backendOrNull = Placement.required(backend);
  }

  /** The options it was made with. */
  public Options options() {
    return options;
  }

  /**
   * Value and everything else, without scaling; see {@link #forward(Tensor, Tensor, Tensor, double,
   * Set)}.
   */
  public Result forward(Tensor student, Tensor teacher, Tensor weightsOrNull) {
    return forward(student, teacher, weightsOrNull, 1, ALL);
  }

  /**
   * Computes value and gradients without touching autograd: pass a gradient on with {@code
   * student.backward(gradStudent, …)}.
   *
   * @param student embeddings [B, D] in f64, f32, bf16 or f16
   * @param teacher of the student's shape, type and device
   * @param weightsOrNull [B] of A, finite and not negative; null for ones
   * @param gradScale factor of the gradients, finite; leaves the loss as it is
   * @param outputs what to compute beside the loss
   * @throws TensorException naming the argument that is wrong; nothing has been computed then
   */
  public Result forward(
      Tensor student, Tensor teacher, Tensor weightsOrNull, double gradScale, Set<Output> outputs) {
    DType dtype = Arguments.embeddings("student", student);
    Arguments.same("teacher", teacher, "student", student);
    Arguments.vectorOrNull(
        "weights",
        weightsOrNull,
        DTypes.scalarType(dtype.accumulation()),
        student.size(0),
        student);
    Arguments.finite("gradScale", gradScale);
    Arguments.given("outputs", outputs);
    Backend backend = Placement.backend(backendOrNull, "student", student);
    return backend == Backend.REFERENCE
        ? SoftMarginFeatureReference.forward(
            options, student, teacher, weightsOrNull, gradScale, outputs)
        : onKernel(dtype, student, teacher, weightsOrNull, gradScale, outputs);
  }

  /**
   * The loss as a node of an autograd graph: differentiable with respect to every argument that
   * requires a gradient, once (a derivative of its derivative is not available).
   *
   * @param student as for {@link #forward}
   * @param teacher as for {@link #forward}
   * @param weightsOrNull as for {@link #forward}
   * @return the loss, [] of A
   * @throws TensorException naming the argument that is wrong
   */
  public Tensor apply(Tensor student, Tensor teacher, Tensor weightsOrNull) {
    EnumSet<Output> outputs = EnumSet.noneOf(Output.class);
    KnownGradients.askFor(outputs, Output.GRAD_STUDENT, student);
    KnownGradients.askFor(outputs, Output.GRAD_TEACHER, teacher);
    KnownGradients.askFor(outputs, Output.GRAD_WEIGHTS, weightsOrNull);
    Result result = forward(student, teacher, weightsOrNull, 1, outputs);
    return new KnownGradients()
        .add(student, result.gradStudent)
        .add(teacher, result.gradTeacher)
        .add(weightsOrNull, result.gradWeights)
        .node(result.loss);
  }

  private Result onKernel(
      DType dtype,
      Tensor student,
      Tensor teacher,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    long rows = student.size(0);
    long dim = student.size(1);
    Result result = allocate(student, dtype, outputs);
    try (NativeArray s = NativeArray.matrix(student);
        NativeArray t = NativeArray.matrix(teacher);
        NativeArray w = NativeArray.vector(weightsOrNull)) {
      Kernels.FeatureMarginInputs inputs =
          new Kernels.FeatureMarginInputs(
              dtype,
              rows,
              dim,
              s.matrix(),
              t.matrix(),
              w.data(),
              options.distance.code,
              options.margin,
              options.reduction.code(),
              gradScale);
      NativeCall.run(
          student,
          threads -> Kernels.featureMargin(inputs, pointers(result), threads),
          launch -> CudaKernels.featureMargin(inputs, pointers(result), launch));
    }
    return result;
  }

  private static Result allocate(Tensor beside, DType dtype, Set<Output> outputs) {
    DType accumulation = dtype.accumulation();
    long rows = beside.size(0);
    long dim = beside.size(1);
    return new Result(
        Blank.tensor(beside, accumulation),
        outputs.contains(Output.ROWS) ? Blank.tensor(beside, accumulation, rows) : null,
        outputs.contains(Output.DISTANCES) ? Blank.tensor(beside, accumulation, rows) : null,
        outputs.contains(Output.GRAD_STUDENT) ? Blank.tensor(beside, dtype, rows, dim) : null,
        outputs.contains(Output.GRAD_TEACHER) ? Blank.tensor(beside, dtype, rows, dim) : null,
        outputs.contains(Output.GRAD_WEIGHTS) ? Blank.tensor(beside, accumulation, rows) : null);
  }

  private static Kernels.FeatureMarginOutputs pointers(Result result) {
    return new Kernels.FeatureMarginOutputs(
        Blank.data(result.loss),
        Blank.data(result.rows),
        Blank.data(result.distances),
        Blank.matrix(result.gradStudent),
        Blank.matrix(result.gradTeacher),
        Blank.data(result.gradWeights));
  }
}
