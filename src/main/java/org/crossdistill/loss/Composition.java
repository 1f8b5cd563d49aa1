package org.crossdistill.loss;

import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What the reference compositions share. They compute in the accumulation type: half types are
 * widened. The caller owns the scope of all temporaries and has autograd enabled: by leaving
 * inference mode, which enables it, for in that mode nothing can.
 */
final class Composition {

  /** A row shorter than this normalises to zero. */
  private static final double SHORTEST = 1e-12;

  private static final long[] COLUMNS = {1};

  private Composition() {}

  /** An input apart from its own graph, in the accumulation type. */
  static Tensor leaf(Tensor input, ScalarType type, boolean wantsGradient) {
    return in(type, input.detach()).requires_grad_(wantsGradient);
  }

  /** An input in the accumulation type. Autograd takes no tensor of inference mode: its copy. */
  static Tensor in(ScalarType type, Tensor input) {
    Tensor converted = input.to(type);
    return converted.is_inference() ? converted.clone() : converted;
  }

  /** Weights as a leaf; ones for null. */
  static Tensor weights(Tensor weightsOrNull, Tensor rows, ScalarType type, boolean wantsGradient) {
    if (weightsOrNull == null) {
      return rows.new_ones(rows.size(0)).to(type).requires_grad_(wantsGradient);
    }
    Tensor weights = leaf(weightsOrNull, type, wantsGradient);
    Tensor good = weights.isfinite().logical_and(weights.ge(new Scalar(0.0)));
    if (!good.all().item_bool()) {
      long row = good.logical_not().nonzero().select(0, 0).item_long();
      double found = weights.select(0, row).item_double();
      throw new TensorException(
          "weights: expected finite numbers of at least 0, found " + found + " in row " + row);
    }
    return weights;
  }

  /**
   * Indices [N] of the rows whose label is not to be ignored.
   *
   * @throws TensorException naming the first row with a label that is no class
   */
  static Tensor countedRows(Tensor labels, long classes) {
    Tensor counted = labels.ne(new Scalar(MarginClassifierLoss.IGNORE_LABEL));
    Tensor bad =
        labels
            .lt(new Scalar(0))
            .logical_or(labels.ge(new Scalar(classes)))
            .logical_and(counted)
            .nonzero();
    if (bad.size(0) > 0) {
      long row = bad.select(0, 0).item_long();
      String expected = "0 to " + (classes - 1) + " or " + MarginClassifierLoss.IGNORE_LABEL;
      long found = labels.select(0, row).item_long();
      throw new TensorException(
          "labels: expected " + expected + ", found " + found + " in row " + row);
    }
    return counted.nonzero().select(1, 0);
  }

  /** Lengths [B] of the rows. */
  static Tensor norms(Tensor rows) {
    return rows.norm(new ScalarOptional(new Scalar(2.0)), COLUMNS, false);
  }

  /** Rows divided by their lengths; a row shorter than 1e-12 becomes 0 and passes no gradient. */
  static Tensor normalized(Tensor rows) {
    Tensor norms = norms(rows).unsqueeze(1);
    Tensor tooShort = norms.lt(new Scalar(SHORTEST));
    Tensor divisors = norms.masked_fill(tooShort, new Scalar(1.0));
    return rows.div(divisors).masked_fill(tooShort, new Scalar(0.0));
  }

  /** Rows less their means. */
  static Tensor centred(Tensor rows) {
    return rows.sub(rows.mean(COLUMNS, true, new ScalarTypeOptional()));
  }

  /** Two vectors [B] as the columns of a matrix [B, 2]. */
  static Tensor columns(Tensor first, Tensor second) {
    return torch.stack(new TensorVector(first, second), 1);
  }

  /** Sum over the columns. */
  static Tensor sumOfColumns(Tensor matrix) {
    return matrix.sum(COLUMNS);
  }

  /** Σ w_i·l_i / n of row losses and weights [B]. */
  static Tensor reduce(Tensor rows, Tensor weights, Reduction reduction) {
    Tensor sum = rows.mul(weights).sum();
    return switch (reduction) {
      case SUM -> sum;
      case MEAN -> sum.div(new Scalar((double) Math.max(1, rows.size(0))));
      case WEIGHTED_MEAN -> {
        Tensor total = weights.sum();
        Tensor none = total.eq(new Scalar(0.0));
        Tensor mean = sum.div(total.masked_fill(none, new Scalar(1.0)));
        yield mean.masked_fill(none, new Scalar(0.0));
      }
    };
  }

  /** Derivatives of a loss; null for an input that wants none. */
  static Tensor[] gradients(Tensor loss, double scale, Tensor... leaves) {
    TensorVector wanted = new TensorVector();
    for (Tensor leaf : leaves) {
      if (leaf.requires_grad()) {
        wanted.push_back(leaf);
      }
    }
    Tensor[] gradients = new Tensor[leaves.length];
    if (wanted.empty()) {
      return gradients;
    }
    TensorVector upstream = new TensorVector(torch.ones_like(loss).mul(new Scalar(scale)));
    TensorVector found =
        torch.grad(new TensorVector(loss), wanted, upstream, new BoolOptional(false), false, false);
    int next = 0;
    for (int i = 0; i < leaves.length; i++) {
      if (leaves[i].requires_grad()) {
        // An owner of its own: the vector's elements end with the vector.
        gradients[i] = found.get(next++).detach();
      }
    }
    return gradients;
  }

  /** A gradient in the type of its input; null stays null. */
  static Tensor as(ScalarType type, Tensor gradient) {
    return gradient == null ? null : gradient.to(type);
  }
}
