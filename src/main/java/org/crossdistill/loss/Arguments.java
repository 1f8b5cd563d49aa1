package org.crossdistill.loss;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;

/**
 * Checks of the losses' arguments. Each failure is a {@link TensorException} that names the
 * argument, what was expected and what was found.
 */
final class Arguments {

  private Arguments() {}

  /** Requires dense rows [B, D] of an element type that the losses compute in; gives that type. */
  static DType embeddings(String name, Tensor tensor) {
    present(name, "[rows, columns]", tensor);
    DType dtype = DTypes.of(tensor);
    if (dtype == null || tensor.dim() != 2 || !dense(tensor)) {
      throw wrong(name, "dense f64, f32, bf16 or f16 [rows, columns]", tensor);
    }
    return dtype;
  }

  /** Requires dense rows [B, C] with a class at least; gives their type. */
  static DType logits(String name, Tensor tensor) {
    DType dtype = embeddings(name, tensor);
    if (tensor.size(1) < 1) {
      throw wrong(name, "at least one class", tensor);
    }
    return dtype;
  }

  /** Requires a dense vector [B] of an element type that the losses compute in; gives that type. */
  static DType values(String name, Tensor tensor) {
    present(name, "[rows]", tensor);
    DType dtype = DTypes.of(tensor);
    if (dtype == null || tensor.dim() != 1 || !dense(tensor)) {
      throw wrong(name, "dense f64, f32, bf16 or f16 [rows]", tensor);
    }
    return dtype;
  }

  /** Requires the shape, type and device of another argument. */
  static void same(String name, Tensor tensor, String otherName, Tensor other) {
    present(name, "a tensor as " + otherName, tensor);
    boolean same =
        tensor.scalar_type().value == other.scalar_type().value
            && dense(tensor)
            && sameDevice(tensor, other)
            && tensor.dim() == other.dim()
            && tensor.is_same_size(other);
    if (!same) {
      throw wrong(name, DTypes.describe(other) + " like " + otherName, tensor);
    }
  }

  /** Requires a matrix [B, any] of another's number of rows, type and device. */
  static void sameRows(String name, Tensor tensor, String otherName, Tensor other) {
    embeddings(name, tensor);
    alike(name, tensor, otherName, other);
  }

  /** Requires the number of rows, the type and the device of another argument. */
  static void alike(String name, Tensor tensor, String otherName, Tensor other) {
    if (tensor.scalar_type().value != other.scalar_type().value
        || tensor.size(0) != other.size(0)
        || !sameDevice(tensor, other)) {
      String expected =
          "rows, type and device of " + otherName + " (" + DTypes.describe(other) + ")";
      throw wrong(name, expected, tensor);
    }
  }

  /** Requires a matrix of these sizes and of the type and device of others. */
  static void matrix(String name, Tensor tensor, long rows, long columns, Tensor like) {
    DType dtype = embeddings(name, tensor);
    if (dtype != DTypes.of(like)
        || tensor.size(0) != rows
        || tensor.size(1) != columns
        || !sameDevice(tensor, like)) {
      String expected = dtypeOf(like) + " [" + rows + ", " + columns + "]";
      throw wrong(name, expected + " on " + DTypes.device(like), tensor);
    }
  }

  private static String dtypeOf(Tensor tensor) {
    return DTypes.label(tensor.scalar_type());
  }

  /** Requires dense maps [B, channels, H, W] of an element type that the losses compute in. */
  static void maps(String name, Tensor tensor) {
    present(name, "[rows, channels, height, width]", tensor);
    if (DTypes.of(tensor) == null || tensor.dim() != 4 || !dense(tensor) || tensor.numel() == 0) {
      throw wrong(name, "dense f64, f32, bf16 or f16 [rows, channels, height, width]", tensor);
    }
  }

  /** Requires a dense tensor of any shape of an element type that the losses compute in. */
  static void numbers(String name, Tensor tensor) {
    present(name, "a tensor", tensor);
    if (DTypes.of(tensor) == null || !dense(tensor)) {
      throw wrong(name, "a dense tensor in f64, f32, bf16 or f16", tensor);
    }
  }

  /** Requires a number of rows. */
  static void rows(String name, Tensor tensor, long fewest) {
    if (tensor.size(0) < fewest) {
      throw wrong(name, "at least " + fewest + (fewest == 1 ? " row" : " rows"), tensor);
    }
  }

  /** Requires a column, for a mean over none is no number. */
  static void columns(String name, Tensor tensor) {
    if (tensor.size(1) < 1) {
      throw wrong(name, "at least 1 column", tensor);
    }
  }

  /** Requires a matrix [any, D] of another's number of columns, type and device. */
  static void sameColumns(String name, Tensor tensor, String otherName, Tensor other) {
    DType dtype = embeddings(name, tensor);
    if (dtype != DTypes.of(other)
        || tensor.size(1) != other.size(1)
        || !sameDevice(tensor, other)) {
      String expected =
          "rows of the columns, type and device of "
              + otherName
              + " ("
              + DTypes.describe(other)
              + ")";
      throw wrong(name, expected, tensor);
    }
  }

  /**
   * Requires [B] of a type, on the device of the embeddings.
   *
   * @param tensor null is accepted
   */
  static void vectorOrNull(
      String name, Tensor tensor, ScalarType type, long size, Tensor embeddings) {
    if (tensor != null) {
      vector(name, tensor, type, size, embeddings);
    }
  }

  /** Requires [B] of a type, on the device of the embeddings. */
  static void vector(String name, Tensor tensor, ScalarType type, long size, Tensor embeddings) {
    String expected = DTypes.label(type) + " [" + size + "]";
    present(name, expected, tensor);
    if (!DTypes.is(tensor, type)
        || tensor.dim() != 1
        || !dense(tensor)
        || tensor.size(0) != size
        || !sameDevice(tensor, embeddings)) {
      throw wrong(name, expected + " on " + DTypes.device(embeddings), tensor);
    }
  }

  /** Requires a finite number in [least, below). */
  static void range(String name, double value, double least, double below) {
    if (!(value >= least && value < below) || Double.isInfinite(value)) {
      String limit = Double.isInfinite(below) ? "" : " and less than " + below;
      throw new TensorException(
          name + ": expected a finite number of at least " + least + limit + ", found " + value);
    }
  }

  /** Requires a finite number above 0. */
  static void positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new TensorException(name + ": expected a finite number above 0, found " + value);
    }
  }

  /**
   * Requires a temperature within the kernels' range, which no useful one leaves: over a smaller
   * one logits, and times the square of a larger one divergences, come near the end of f32.
   */
  static void temperature(double value) {
    if (!(value >= 1e-9 && value <= 1e9)) {
      throw new TensorException("temperature: expected a number from 1e-9 to 1e9, found " + value);
    }
  }

  /** Requires a finite number. */
  static void finite(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new TensorException(name + ": expected a finite number, found " + value);
    }
  }

  /** Requires an option. */
  static <T> T given(String name, T value) {
    if (value == null) {
      throw new TensorException(name + ": expected a value, found null");
    }
    return value;
  }

  /**
   * Whether the values lie in memory: not those of sparse, nested and meta tensors, nor the zeros
   * that LibTorch keeps none for.
   */
  static boolean dense(Tensor tensor) {
    return tensor.has_storage()
        && !tensor.is_nested()
        && (tensor.numel() == 0 || tensor.data_ptr() != null);
  }

  /** Whether there is a tensor: not null, not closed, and defined. */
  static boolean isGiven(Tensor tensor) {
    return tensor != null && !tensor.isNull() && tensor.defined();
  }

  /** Requires a tensor that is defined and not closed. */
  static void present(String name, String expected, Tensor tensor) {
    if (!isGiven(tensor)) {
      throw wrong(name, expected, null);
    }
  }

  private static boolean sameDevice(Tensor a, Tensor b) {
    // Asking for the device itself allocates, which costs more than all other checks together.
    return a.is_cpu() ? b.is_cpu() : DTypes.device(a).equals(DTypes.device(b));
  }

  private static TensorException wrong(String name, String expected, Tensor found) {
    return new TensorException(
        name + ": expected " + expected + ", found " + DTypes.describe(found));
  }
}
