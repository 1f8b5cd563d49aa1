package org.crossdistill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class MeterTest {

  private static final Machine MACHINE = Machine.read();

  /** Each kernel's cases at a size that takes no time. */
  static Stream<Case> tinyCases() {
    return Suite.full().stream()
        .map(
            c ->
                new Case(
                    c.kernel(),
                    c.variant(),
                    c.shape().split("x", -1).length == 3 ? "5x7x16" : "5x17",
                    c.dtype(),
                    c.threads(),
                    c.problem()))
        .collect(Collectors.toMap(Case::name, c -> c, (a, b) -> a))
        .values()
        .stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("tinyCases")
  void kernelAndCompositionComputeTheSame(Case tiny) {
    Row row = new Meter(MACHINE, 1e-3, () -> false).measureOrNull(tiny);
    double tolerance = tiny.dtype() == DType.F32 ? 1e-5 : tiny.dtype() == DType.F16 ? 1e-3 : 5e-3;
    assertThat(row.errorVsF64()).isBetween(0.0, tolerance);
    assertThat(row.referenceErrorVsF64()).isBetween(0.0, Math.max(tolerance, 1e-3));
    assertThat(row.medianNs()).isPositive();
    assertThat(row.speedupVsReference()).isPositive();
    assertThat(row.referenceMedianNs()).isPositive();
    if (tiny.kernel().equals("margin-classifier")) {
      assertThat(row.productsMedianNs()).isPositive();
      assertThat(row.speedupVsProducts()).isPositive();
    } else {
      assertThat(row.productsMedianNs()).isNull();
    }
  }

  @Test
  void theProductsOfChunksAreThoseOfTheWhole() {
    Inputs inputs = new Inputs();
    Tensor embeddings = inputs.normal(DType.F32, 3, 8);
    Tensor classifier = inputs.normal(DType.F32, 5000, 8);
    ChunkedProducts products = new ChunkedProducts(embeddings, classifier);
    products.run();
    products.run();
    Tensor logits = torch.mm(embeddings, classifier.t());
    assertThat(Inputs.error(products.gradEmbeddings(), torch.mm(logits, classifier)))
        .isLessThan(1e-6);
    assertThat(Inputs.error(products.gradClassifier(), torch.mm(logits.t(), embeddings)))
        .isLessThan(1e-6);
  }

  @Test
  void bytesAndOperationsAreThoseOfTheShape() {
    Meter meter = new Meter(MACHINE, 1e-3, () -> false);
    Row features = meter.measureOrNull(tiny("feature-margin", "8x32", DType.BF16));
    assertThat(features.bytes()).isEqualTo(4 * 8 * 32 * 2);
    assertThat(features.flops()).isNull();
    assertThat(features.rooflineShare()).isPositive();
    Row classifier = meter.measureOrNull(tiny("margin-classifier", "4x10x16", DType.F32));
    assertThat(classifier.flops()).isEqualTo(8 * 4 * 10 * 16);
    assertThat(classifier.bytes()).isEqualTo(2 * (4 * 16 + 10 * 16) * 4);
    Row contrast = meter.measureOrNull(tiny("crd", "4x10x16", DType.F32));
    assertThat(contrast.flops()).isEqualTo(4 * 4 * 10 * 16);
    assertThat(contrast.bytes()).isEqualTo((2 * 4 * 16 + 10 * 16 + 4 * 10) * 4);
    Row tau = meter.measureOrNull(tiny("kendall-tau", "4x9", DType.F32));
    assertThat(tau.rooflineShare()).isNull();
    assertThat(tau.errorVsF64()).isLessThan(6e-8); // rounding the same counts to f32 is all
  }

  @Test
  void theKernelTakesLessMemoryThanTheCompositionHolds() {
    Meter meter = new Meter(MACHINE, 1e-3, () -> false);
    Row row = meter.measureOrNull(tiny("margin-classifier", "256x20000x64", DType.F32));
    assertThat(row.extraBytes()).isNotNull();
    // The composition holds the logits at least twice.
    assertThat(row.referenceExtraBytes()).isGreaterThan(2L * 256 * 20000 * 4);
    assertThat(row.extraBytes()).isLessThan(row.referenceExtraBytes() / 4);
  }

  @Test
  void aStoppedMeasurementIsNoRowAndLeavesTheThreadsAsTheyWere() {
    int threads = torch.get_num_threads();
    assertThat(new Meter(MACHINE, 1, () -> true).measureOrNull(tiny("kd", "4x9", DType.F32)))
        .isNull();
    assertThat(torch.get_num_threads()).isEqualTo(threads);
  }

  @Test
  void theQuickSuiteHoldsEveryKernel() {
    List<String> names = Suite.quick().stream().map(Case::name).toList();
    Set<String> kernels = Suite.quick().stream().map(Case::kernel).collect(Collectors.toSet());
    assertThat(names).doesNotHaveDuplicates();
    assertThat(kernels)
        .containsExactlyInAnyOrder(
            "feature-margin",
            "margin-classifier",
            "kd",
            "nontarget-kd",
            "zero-logit-kd",
            "dkd",
            "nkd",
            "lskd",
            "c2kd",
            "kendall-tau",
            "quality-weights",
            "rkd",
            "pkt",
            "sp",
            "dist",
            "crd");
    assertThat(Suite.full().stream().map(Case::name).toList())
        .doesNotHaveDuplicates()
        .containsAll(names);
  }

  private static Case tiny(String kernel, String shape, DType dtype) {
    Case like =
        Suite.quick().stream().filter(c -> c.kernel().equals(kernel)).findFirst().orElseThrow();
    return new Case(kernel, like.variant(), shape, dtype, 1, like.problem());
  }
}
