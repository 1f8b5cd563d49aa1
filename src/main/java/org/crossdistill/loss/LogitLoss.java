package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;

/**
 * A loss that compares the logits of student and teacher row by row: a subclass leaves the formula
 * of a row's loss l_i, and gets L = Σ w_i·l_i / n with n by the {@link Reduction}, all gradients by
 * LibTorch's autograd, the checks of the arguments, and rows that are ignored; one that has a
 * kernel computes all of it with that.
 *
 * <p>A row labelled {@link MarginClassifierLoss#IGNORE_LABEL} has loss 0, gradient 0 and is no part
 * of any mean. The gradient with respect to the teacher is the true one; who wants a fixed teacher
 * passes it detached or does not ask for that gradient.
 *
 * <p>Inputs are never changed. Results belong to the caller's innermost {@code PointerScope}.
 * Immutable and thread-safe.
 */
public abstract class LogitLoss {

  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  private final Reduction reduction;
  private final boolean needsLabels;

  /** What a call computes beside the loss. */
  public enum Output {
    ROWS,
    GRAD_STUDENT,
    GRAD_TEACHER,
    GRAD_WEIGHTS
  }

  /**
   * Value and gradients; null where not asked for. A is f64 for f64 logits, otherwise f32.
   *
   * @param loss [] of A
   * @param rows l_i, unweighted: [B] of A
   * @param gradStudent [B, C] of the logits' type
   * @param gradTeacher [B, C] of the logits' type
   * @param gradWeights [B] of A
   */
  public record Result(
      Tensor loss, Tensor rows, Tensor gradStudent, Tensor gradTeacher, Tensor gradWeights) {}

  private record Graph(Tensor loss, Tensor rows) {}

  LogitLoss(Reduction reduction, boolean needsLabels) {
    this.reduction = Arguments.given("reduction", reduction);
    this.needsLabels = needsLabels;
  }

  /**
   * l_i of some rows.
   *
   * @param student z_s [B, C] of A
   * @param teacher z_t [B, C] of A
   * @param labels y [B], in [0, C); may be null where the loss needs none
   * @return [B], differentiable
   */
  abstract Tensor rows(Tensor student, Tensor teacher, Tensor labels);

  /** The fewest classes for which the formula means something. */
  int fewestClasses() {
    return 1;
  }

  /** Whether the loss depends on the labels. */
  public final boolean needsLabels() {
    return needsLabels;
  }

  /** Value and everything else, without scaling. */
  public final Result forward(
      Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    return forward(student, teacher, labelsOrNull, weightsOrNull, 1, ALL);
  }

  /**
   * Computes value and gradients without touching the graphs of the arguments.
   *
   * @param student logits [B, C] in f64, f32, bf16 or f16
   * @param teacher of the student's shape, type and device
   * @param labelsOrNull [B] int64, in [0, C) or {@link MarginClassifierLoss#IGNORE_LABEL}; null
   *     only where the loss does without
   * @param weightsOrNull [B] of A, finite and not negative; null for ones
   * @param gradScale factor of the gradients, finite; leaves the loss as it is
   * @param outputs what to compute beside the loss
   * @throws TensorException naming the argument that is wrong
   */
  public final Result forward(
      Tensor student,
      Tensor teacher,
      Tensor labelsOrNull,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    check(student, teacher, labelsOrNull, weightsOrNull);
    Arguments.finite("gradScale", gradScale);
    Arguments.given("outputs", outputs);
    return compute(student, teacher, labelsOrNull, weightsOrNull, gradScale, outputs);
  }

  /**
   * The loss as a part of the graph of its arguments: differentiable with respect to the logits,
   * once.
   *
   * @return [] of A
   * @throws TensorException naming the argument that is wrong
   */
  public final Tensor apply(
      Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    check(student, teacher, labelsOrNull, weightsOrNull);
    return node(student, teacher, labelsOrNull, weightsOrNull);
  }

  /** As {@link #apply}, with checked arguments: the composition. A kernel stands in its place. */
  Tensor node(Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    ScalarType type = accumulation(student);
    try (Results results = new Results()) {
      Tensor w = Composition.weights(weightsOrNull, student.detach(), type, false);
      return results.keep(
          graph(Composition.in(type, student), Composition.in(type, teacher), labelsOrNull, w)
              .loss);
    }
  }

  /** As {@link #forward}, with checked arguments: the composition. A kernel stands in its place. */
  Result compute(
      Tensor student,
      Tensor teacher,
      Tensor labelsOrNull,
      Tensor weightsOrNull,
      double gradScale,
      Set<Output> outputs) {
    ScalarType given = DTypes.scalarType(DTypes.of(student));
    ScalarType type = accumulation(student);
    try (Results results = new Results();
        InferenceMode left = new InferenceMode(false)) {
      Tensor s = Composition.leaf(student, type, outputs.contains(Output.GRAD_STUDENT));
      Tensor t = Composition.leaf(teacher, type, outputs.contains(Output.GRAD_TEACHER));
      boolean weightsGradient = outputs.contains(Output.GRAD_WEIGHTS);
      Tensor w = Composition.weights(weightsOrNull, student.detach(), type, weightsGradient);
      Graph graph = graph(s, t, labelsOrNull, w);
      Tensor[] gradients = Composition.gradients(graph.loss, gradScale, s, t, w);
      return new Result(
          results.keep(graph.loss.detach()),
          outputs.contains(Output.ROWS) ? results.keep(graph.rows.detach()) : null,
          results.keep(Composition.as(given, gradients[0])),
          results.keep(Composition.as(given, gradients[1])),
          results.keep(Composition.as(type, gradients[2])));
    }
  }

  private Graph graph(Tensor s, Tensor t, Tensor labelsOrNull, Tensor w) {
    if (labelsOrNull == null) {
      Tensor rows = rows(s, t, null);
      return new Graph(Composition.reduce(rows, w, reduction), rows);
    }
    // Ignored rows are left out altogether: nothing of theirs, not even NaN, may reach the rest.
    Tensor counted = Composition.countedRows(labelsOrNull, s.size(1));
    Tensor rows =
        rows(
            s.index_select(0, counted),
            t.index_select(0, counted),
            labelsOrNull.index_select(0, counted));
    Tensor loss = Composition.reduce(rows, w.index_select(0, counted), reduction);
    return new Graph(loss, torch.zeros_like(w.detach()).index_copy(0, counted, rows));
  }

  private void check(Tensor student, Tensor teacher, Tensor labelsOrNull, Tensor weightsOrNull) {
    DType dtype = Arguments.embeddings("student", student);
    Arguments.same("teacher", teacher, "student", student);
    if (student.size(1) < fewestClasses()) {
      throw new TensorException(
          "student: expected at least "
              + fewestClasses()
              + " classes, found "
              + DTypes.describe(student));
    }
    if (needsLabels || labelsOrNull != null) {
      Arguments.vector("labels", labelsOrNull, ScalarType.Long, student.size(0), student);
    }
    ScalarType accumulation = DTypes.scalarType(dtype.accumulation());
    Arguments.vectorOrNull("weights", weightsOrNull, accumulation, student.size(0), student);
  }

  private static ScalarType accumulation(Tensor tensor) {
    return DTypes.scalarType(DTypes.of(tensor).accumulation());
  }
}
