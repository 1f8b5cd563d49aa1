package org.crossdistill.loss;

import java.util.EnumSet;
import java.util.Set;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A loss that compares a whole batch of the student's outputs with the teacher's: a subclass leaves
 * the formula, and gets both gradients by LibTorch's autograd and the checks of the arguments; one
 * that has a kernel computes them with that. The gradient with respect to the teacher is the true
 * one; who wants a fixed teacher passes it detached or does not ask for that gradient.
 *
 * <p>Inputs are never changed. Results belong to the caller's innermost {@code PointerScope}.
 * Immutable and thread-safe.
 */
public abstract class PairLoss {

  private static final EnumSet<Output> ALL = EnumSet.allOf(Output.class);

  /** What a call computes beside the loss. */
  public enum Output {
    GRAD_STUDENT,
    GRAD_TEACHER
  }

  /**
   * Value and gradients; null where not asked for. A is f64 for f64 inputs, otherwise f32.
   *
   * @param loss [] of A
   * @param gradStudent of the student's shape and type
   * @param gradTeacher of the teacher's shape and type
   */
  public record Result(Tensor loss, Tensor gradStudent, Tensor gradTeacher) {}

  PairLoss() {}

  /**
   * The formula.
   *
   * @param student of A
   * @param teacher of A
   * @return [], differentiable
   */
  abstract Tensor value(Tensor student, Tensor teacher);

  /** Requires what the formula needs: matrices of one shape, unless a loss needs less or more. */
  void check(Tensor student, Tensor teacher) {
    Arguments.embeddings("student", student);
    Arguments.same("teacher", teacher, "student", student);
    Arguments.rows("student", student, 1);
    Arguments.columns("student", student);
  }

  /**
   * Value and both gradients, without scaling; see {@link #forward(Tensor, Tensor, double, Set)}.
   *
   * @throws TensorException naming the argument that is wrong
   */
  public final Result forward(Tensor student, Tensor teacher) {
    return forward(student, teacher, 1, ALL);
  }

  /**
   * Computes value and gradients without touching the graphs of the arguments. Rows are [B, D] on
   * both sides, B and D ≥ 1; a {@link RelationalLoss} takes [B, D] and [B, E], {@link AtLoss} maps.
   * A batch of one has a value unless the loss refuses it, as {@link RelationalLoss} and {@link
   * CcLoss} do, which need two samples. 16-bit inputs are computed in f32.
   *
   * @param student [B, D] in f64, f32, bf16 or f16, or of the shape that the loss documents
   * @param teacher of the student's shape, or of the one that the loss documents; of the student's
   *     type and device
   * @param gradScale factor of the gradients, finite; leaves the loss as it is
   * @param outputs what to compute beside the loss
   * @throws TensorException naming the argument that is wrong, such as a batch of too few rows
   */
  public final Result forward(
      Tensor student, Tensor teacher, double gradScale, Set<Output> outputs) {
    check(student, teacher);
    Arguments.finite("gradScale", gradScale);
    Arguments.given("outputs", outputs);
    return compute(student, teacher, gradScale, outputs);
  }

  /** As {@link #forward}, with checked arguments: the composition. A kernel stands in its place. */
  Result compute(Tensor student, Tensor teacher, double gradScale, Set<Output> outputs) {
    ScalarType given = DTypes.scalarType(DTypes.of(student));
    ScalarType type = DTypes.scalarType(DTypes.of(student).accumulation());
    try (Results results = new Results();
        InferenceMode left = new InferenceMode(false)) {
      Tensor s = Composition.leaf(student, type, outputs.contains(Output.GRAD_STUDENT));
      Tensor t = Composition.leaf(teacher, type, outputs.contains(Output.GRAD_TEACHER));
      Tensor loss = value(s, t);
      Tensor[] gradients = Composition.gradients(loss, gradScale, s, t);
      return new Result(
          results.keep(loss.detach()),
          results.keep(Composition.as(given, gradients[0])),
          results.keep(Composition.as(given, gradients[1])));
    }
  }

  /**
   * The loss as a part of the graph of its arguments: differentiable with respect to both.
   *
   * @param student as for {@link #forward(Tensor, Tensor, double, Set)}
   * @param teacher as for {@link #forward(Tensor, Tensor, double, Set)}
   * @return [] of A
   * @throws TensorException naming the argument that is wrong
   */
  public final Tensor apply(Tensor student, Tensor teacher) {
    check(student, teacher);
    return node(student, teacher);
  }

  /** As {@link #apply}, with checked arguments. */
  Tensor node(Tensor student, Tensor teacher) {
    ScalarType type = DTypes.scalarType(DTypes.of(student).accumulation());
    try (Results results = new Results()) {
      return results.keep(value(Composition.in(type, student), Composition.in(type, teacher)));
    }
  }
}
