package org.crossdistill.bench;

import java.util.EnumSet;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Kernels;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.loss.SoftMarginFeatureLoss.Options;
import org.crossdistill.loss.SoftMarginFeatureLoss.Output;

/** The weighted feature loss and both gradients; B x D. */
final class FeatureMarginProblem implements Problem {

  private static final EnumSet<Output> GRADIENTS =
      EnumSet.of(Output.GRAD_STUDENT, Output.GRAD_TEACHER);

  private final Options options;
  private final DType dtype;
  private final Tensor student;
  private final Tensor teacher;
  private final Tensor weights;
  private final Tensor loss;
  private final Tensor gradStudent;
  private final Tensor gradTeacher;

  private FeatureMarginProblem(
      Options options, DType dtype, Tensor student, Tensor teacher, Tensor weights) {
    this.options = options;
    this.dtype = dtype;
    this.student = student;
    this.teacher = teacher;
    this.weights = weights;
    loss = Inputs.blank(dtype.accumulation(), 1);
    gradStudent = Inputs.blankLike(student);
    gradTeacher = Inputs.blankLike(teacher);
  }

  static FeatureMarginProblem of(Options options, DType dtype, long... sizes) {
    Inputs inputs = new Inputs();
    return new FeatureMarginProblem(
        options,
        dtype,
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.normal(dtype, sizes[0], sizes[1]),
        inputs.weights(sizes[0]));
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public void call(int threads) {
    Kernels.FeatureMarginInputs in =
        new Kernels.FeatureMarginInputs(
            dtype,
            student.size(0),
            student.size(1),
            Inputs.matrix(student),
            Inputs.matrix(teacher),
            weights.data_ptr(),
            options.distance().code(),
            options.margin(),
            options.reduction().code(),
            1);
    Kernels.FeatureMarginOutputs out =
        new Kernels.FeatureMarginOutputs(
            loss.data_ptr(),
            null,
            null,
            Inputs.matrix(gradStudent),
            Inputs.matrix(gradTeacher),
            null);
    Kernels.featureMargin(in, out, threads);
  }

  @Override
  public List<Tensor> outputs() {
    return List.of(gradStudent, gradTeacher);
  }

  @Override
  public List<Tensor> reference() {
    SoftMarginFeatureLoss.Result result =
        new SoftMarginFeatureLoss(options, Backend.REFERENCE)
            .forward(student, teacher, weights, 1, GRADIENTS);
    return List.of(result.gradStudent(), result.gradTeacher());
  }

  @Override
  public Problem part(DType type) {
    long columns = student.size(1);
    return new FeatureMarginProblem(
        options,
        type,
        Inputs.as(type, Inputs.someRows(student, columns)),
        Inputs.as(type, Inputs.someRows(teacher, columns)),
        Inputs.as(type.accumulation(), Inputs.someRows(weights, columns)));
  }

  @Override
  public long bytes() {
    return 4 * student.numel() * dtype.bytes();
  }

  @Override
  public long largestArray() {
    return student.numel();
  }
}
