package org.crossdistill.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.crossdistill.kernel.binding.Crossdistill;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The device kernels on a machine without a device: valid calls on host memory, which no launch may
 * reach, come to a status and a line. What they compute is tested in native/test/cuda.
 */
class CudaKernelsTest {

  private final FloatPointer in = new FloatPointer(1, 2, 3, 4);
  private final FloatPointer out = new FloatPointer(7, 7, 7, 7, 7, 7, 7, 7, 7);
  private final LongPointer labels = new LongPointer(new long[] {0});
  private final Matrix rows = new Matrix(in, 2);
  private final List<Pointer> asked = new ArrayList<>();
  private final CudaKernels.Launch launch =
      new CudaKernels.Launch() {
        @Override
        public Pointer stream() {
          return null;
        }

        @Override
        public Pointer memory(long bytes) {
          assertThat(bytes).isPositive();
          // Like device memory, on addresses that bear every type.
          asked.add(new LongPointer((bytes + 7) / 8));
          return asked.get(asked.size() - 1);
        }
      };

  @BeforeEach
  void onlyWithoutADevice() {
    assumeThat(NativeLibrary.isLoaded()).isTrue();
    assumeThat(NativeLibrary.cudaDevices()).isZero();
  }

  private void refused(ThrowingCallable call) {
    Status expected = NativeLibrary.isBuiltWithCuda() ? Status.DEVICE_ERROR : Status.UNSUPPORTED;
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KernelException.class, e -> assertThat(e.status()).contains(expected))
        .hasMessageContaining("CUDA");
    for (int i = 0; i < 9; i++) {
      assertThat(out.get(i)).isEqualTo(7);
    }
  }

  @Test
  void featureMargin() {
    refused(
        () ->
            CudaKernels.featureMargin(
                new Kernels.FeatureMarginInputs(
                    DType.F32, 1, 2, rows, rows, null, 0, 0.3, Crossdistill.CD_MEAN, 1),
                new Kernels.FeatureMarginOutputs(out, null, null, Matrix.NONE, Matrix.NONE, null),
                launch));
  }

  @Test
  void marginClassifier() {
    Kernels.RowSet set =
        new Kernels.RowSet(1, rows, labels, null, 1, out, null, null, Matrix.NONE, null);
    refused(
        () ->
            CudaKernels.marginClassifier(
                new Kernels.Classifier(
                    DType.F32, 2, 2, rows, null, 0, 32, 0.2, false, 0, Matrix.NONE, null),
                List.of(set),
                null,
                launch));
  }

  @Test
  void kd() {
    refused(
        () ->
            CudaKernels.kd(
                new LogitKernels.Inputs(
                    DType.F32, 1, 2, rows, rows, labels, null, 4, Crossdistill.CD_MEAN, 1),
                Crossdistill.CD_TARGET_ZERO,
                new LogitKernels.Outputs(out, null, Matrix.NONE, Matrix.NONE, null),
                launch));
  }

  @Test
  void dkd() {
    refused(
        () ->
            CudaKernels.dkd(
                new LogitKernels.Inputs(
                    DType.F32, 1, 2, rows, rows, labels, null, 4, Crossdistill.CD_MEAN, 1),
                1,
                8,
                new LogitKernels.Outputs(out, null, Matrix.NONE, Matrix.NONE, null),
                launch));
  }

  @Test
  void kendallTau() {
    refused(() -> CudaKernels.kendallTau(DType.F32, 1, 2, rows, rows, out, launch));
  }

  @Test
  void c2kd() {
    LogitKernels.Network network = new LogitKernels.Network(rows, Matrix.NONE);
    refused(
        () ->
            CudaKernels.c2kd(
                new LogitKernels.C2kdInputs(
                    DType.F32,
                    1,
                    2,
                    List.of(network, network, network, network),
                    labels,
                    Crossdistill.CD_TARGET_EXCLUDED,
                    1,
                    0,
                    1),
                out,
                out.getPointer(1),
                null,
                launch));
  }

  @Test
  void rowNorms() {
    refused(() -> CudaQualityKernels.rowNorms(DType.F32, 1, 2, rows, out, launch));
  }

  @Test
  void embeddingWeights() {
    DoublePointer statistics = new DoublePointer(1, 1, 1, 1, 1);
    QualityKernels.EmbeddingWeights call =
        new QualityKernels.EmbeddingWeights(
            DType.F32,
            1,
            new QualityKernels.Embeddings(rows, 2, out),
            new QualityKernels.Embeddings(rows, 2, out.getPointer(1)),
            new QualityKernels.QualityRule(Crossdistill.CD_QUALITY_DIFFERENCE, 1, 0.3, 0.01),
            true,
            statistics,
            out.getPointer(2));
    refused(() -> CudaQualityKernels.embeddingWeights(call, new IntPointer(1).put(0), launch));
    assertThat(statistics.get(0)).isEqualTo(1);
  }

  @Test
  void wrongArgumentsAreNamedBeforeAnythingIsLaunched() {
    assumeThat(NativeLibrary.isBuiltWithCuda()).isTrue();
    assertThatThrownBy(
            () ->
                CudaKernels.kendallTau(
                    DType.F32, 1, 2, new Matrix(in, 1), rows, new BytePointer(out), launch))
        .isInstanceOf(KernelException.class)
        .hasMessageContaining("a: expected a row stride of at least 2, got 1");
  }
}
