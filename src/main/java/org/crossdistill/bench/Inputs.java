package org.crossdistill.bench;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Matrix;

/** Random tensors, the same in every run, and blank ones to write to. */
final class Inputs {

  /** Elements of which an error is taken where rows do not depend on each other. */
  private static final long ENOUGH = 1 << 23;

  private static final Map<DType, ScalarType> SCALAR_TYPES =
      Map.of(
          DType.F64, ScalarType.Double,
          DType.F32, ScalarType.Float,
          DType.BF16, ScalarType.BFloat16,
          DType.F16, ScalarType.Half);

  private final Generator generator = torch.createCPUGenerator(7);

  /** Normally distributed, [rows, columns]. */
  Tensor normal(DType dtype, long rows, long columns) {
    return blank(DType.F32, rows, columns)
        .normal_(0, 1, new GeneratorOptional(generator))
        .to(SCALAR_TYPES.get(dtype));
  }

  /** Of length 1, [rows, columns]. */
  Tensor unit(DType dtype, long rows, long columns) {
    Tensor normal = normal(DType.F32, rows, columns);
    return as(dtype, normal.div(normal.square().sum(1).sqrt().unsqueeze(1)));
  }

  /** From 0 to 2, as the weights of samples are, in f32: [rows]. */
  Tensor weights(long rows) {
    return blank(DType.F32, rows).uniform_(0, 2, new GeneratorOptional(generator));
  }

  /** Labels from 0 to classes − 1: [rows]. */
  Tensor labels(long rows, long classes) {
    return torch.randint(
        0,
        classes,
        new long[] {rows},
        new GeneratorOptional(generator),
        new TensorOptions(ScalarType.Long));
  }

  static Tensor blank(DType dtype, long... shape) {
    return torch.empty(shape, new TensorOptions(SCALAR_TYPES.get(dtype)), null);
  }

  /** In the shape of another, for a kernel to write. */
  static Tensor blankLike(Tensor tensor) {
    return torch.empty_like(tensor);
  }

  /** In another type; every value of a narrow type is one of the wider, too. */
  static Tensor as(DType dtype, Tensor tensor) {
    return tensor.to(SCALAR_TYPES.get(dtype));
  }

  /** The first rows, as many as an error is taken of. */
  static Tensor someRows(Tensor tensor, long columns) {
    return tensor.narrow(0, 0, Math.min(tensor.size(0), Math.max(1, ENOUGH / columns)));
  }

  static Matrix matrix(Tensor tensor) {
    return new Matrix(tensor.data_ptr(), tensor.size(1));
  }

  /** Norm of the difference / norm of what is expected. */
  static double error(Tensor found, Tensor expected) {
    try (PointerScope temporaries = new PointerScope()) {
      Tensor exact = as(DType.F64, expected);
      double error = as(DType.F64, found).sub(exact).norm().item_double();
      return error == 0 ? 0 : error / exact.norm().item_double();
    }
  }
}
