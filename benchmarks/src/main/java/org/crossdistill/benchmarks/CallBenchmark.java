package org.crossdistill.benchmarks;

import java.util.EnumSet;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;
import org.crossdistill.kernel.Kernels;
import org.crossdistill.kernel.Kernels.FeatureMarginInputs;
import org.crossdistill.kernel.Kernels.FeatureMarginOutputs;
import org.crossdistill.kernel.Matrix;
import org.crossdistill.kernel.binding.Crossdistill;
import org.crossdistill.loss.Reduction;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.loss.SoftMarginFeatureLoss.Distance;
import org.crossdistill.loss.SoftMarginFeatureLoss.Options;
import org.crossdistill.loss.SoftMarginFeatureLoss.Output;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The cost of calling: a function that does nothing, and the feature loss of one row of eight
 * values through each layer. {@code c_call.cpp} times the same call from C++.
 */
@State(Scope.Benchmark)
public class CallBenchmark {
  private static final int DIM = 8;
  private static final double MARGIN = 0.2;
  private static final EnumSet<Output> GRADIENTS =
      EnumSet.of(Output.GRAD_STUDENT, Output.GRAD_TEACHER);

  private FloatPointer student;
  private FloatPointer teacher;
  private FloatPointer value;
  private FloatPointer gradStudent;
  private FloatPointer gradTeacher;
  private FeatureMarginInputs inputs;
  private FeatureMarginOutputs outputs;
  private SoftMarginFeatureLoss tensorLoss;
  private Tensor studentTensor;
  private Tensor teacherTensor;

  @Setup
  public void allocate() {
    student = new FloatPointer(1, 2, 3, 4, 5, 6, 7, 8);
    teacher = new FloatPointer(8, 7, 6, 5, 4, 3, 2, 1);
    value = new FloatPointer(1);
    gradStudent = new FloatPointer(DIM);
    gradTeacher = new FloatPointer(DIM);
    inputs =
        new FeatureMarginInputs(
            DType.F32,
            1,
            DIM,
            new Matrix(student, DIM),
            new Matrix(teacher, DIM),
            null,
            Crossdistill.CD_DISTANCE_NORMALIZED,
            MARGIN,
            Crossdistill.CD_MEAN,
            1.0);
    outputs =
        new FeatureMarginOutputs(
            value, null, null, new Matrix(gradStudent, DIM), new Matrix(gradTeacher, DIM), null);
  }

  @Setup
  public void makeTensors() {
    tensorLoss =
        new SoftMarginFeatureLoss(
            new Options(Distance.NORMALIZED, MARGIN, Reduction.MEAN), Backend.CPU);
    studentTensor = Tensor.create(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 1, DIM);
    teacherTensor = Tensor.create(new float[] {8, 7, 6, 5, 4, 3, 2, 1}, 1, DIM);
  }

  @Benchmark
  public int empty() {
    return Crossdistill.cd_abi_version();
  }

  @Benchmark
  public int binding() {
    return Crossdistill.cd_feature_margin(
        Crossdistill.CD_F32,
        1,
        DIM,
        student,
        DIM,
        teacher,
        DIM,
        null,
        Crossdistill.CD_DISTANCE_NORMALIZED,
        MARGIN,
        Crossdistill.CD_MEAN,
        1.0,
        value,
        null,
        null,
        gradStudent,
        DIM,
        gradTeacher,
        DIM,
        null,
        1);
  }

  @Benchmark
  public FloatPointer kernels() {
    Kernels.featureMargin(inputs, outputs, 1);
    return value;
  }

  @Benchmark
  public void loss() {
    try (PointerScope step = new PointerScope()) {
      tensorLoss.forward(studentTensor, teacherTensor, null, 1, GRADIENTS);
    }
  }
}
