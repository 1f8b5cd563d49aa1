package org.crossdistill.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a layer refuses to be built with and to be fed with. */
final class LayerInputTest {

  private final PointerScope scope = new PointerScope();
  private final RandomGenerator random = new SplittableRandom(1);

  @AfterEach
  void free() {
    scope.close();
  }

  private static void refused(String message, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(NetworkException.class).hasMessage(message);
  }

  private Tensor values(long... shape) {
    return Init.normal(random, shape);
  }

  @Test
  void rowsOfAnotherWidthTypeOrNumberOfDimensionsAreRefused() {
    Linear linear = Linear.withBias(random, 3, 2);
    String expected = "linear: expected an input [B, 3] in f32, found ";
    refused(expected + "[4, 2] in f32", () -> linear.forward(values(4, 2)));
    refused(expected + "[3] in f32", () -> linear.forward(values(3)));
    refused(
        expected + "[4, 3] in bf16",
        () -> linear.forward(values(4, 3).to(torch.ScalarType.BFloat16)));
    refused(expected + "no tensor", () -> linear.forward(null));
    refused(expected + "no tensor", () -> linear.forward(new Tensor()));
    assertThat(linear.forward(values(4, 3)).shape()).containsExactly(4, 2);

    Classifier classifier = new Classifier(random, 5, 3);
    refused(
        "classifier: expected an input [B, 3] in f32, found [4, 5] in f32",
        () -> classifier.forward(values(4, 5)));
    refused(
        "embedding: expected an input [B, 3] in f32, found [4, 5] in f32",
        () -> new Passthrough(3).forward(values(4, 5)));
  }

  @Test
  void mapsOfOtherChannelsOrWithoutPlacesAreRefused() {
    Conv2d convolution = new Conv2d(random, 3, 2, 3, 1);
    String expected = "convolution: expected an input [B, 3, ≥ 1, ≥ 1] in f32, found ";
    refused(expected + "[4, 2, 5, 5] in f32", () -> convolution.forward(values(4, 2, 5, 5)));
    refused(expected + "[4, 3] in f32", () -> convolution.forward(values(4, 3)));
    refused(
        expected + "[4, 3, 0, 5] in f32",
        () -> convolution.forward(values(4, 3, 1, 5).narrow(2, 0, 0)));

    BatchNorm norm = new BatchNorm(3);
    refused(
        "batch norm: expected an input [B, 3] in f32, found [4, 3, 5] in f32",
        () -> norm.forward(values(4, 3, 5)));
    refused(
        "batch norm: expected an input [B, 3, ≥ 1, ≥ 1] in f32, found [4, 2, 5, 5] in f32",
        () -> norm.forward(values(4, 2, 5, 5)));

    ProxyHead proxy = new ProxyHead(random, 3, 2);
    refused(
        "proxy head: expected an input [B, 3] in f32, found [4, 2] in f32",
        () -> proxy.forward(values(4, 2)));
    assertThat(proxy.forward(values(4, 3, 5, 5)).shape()).containsExactly(4, 2);
  }

  @Test
  void picturesTooSmallToBePooledAreRefused() {
    SmallResNet network = new SmallResNet(random, 1, new SmallResNet.Options(List.of(2, 2), 3, 0));
    refused(
        "residual network: expected an input [B, 1, ≥ 2, ≥ 2] in f32, found [4, 1, 1, 8] in f32",
        () -> network.forward(values(4, 1, 1, 8)));
    assertThat(network.forward(values(4, 1, 2, 2)).shape()).containsExactly(4, 3);
  }

  @Test
  void sizesBelowOneAreRefused() {
    refused("weights [2, 0]: expected sizes of at least 1", () -> Linear.withBias(random, 0, 2));
    refused("weights [-1]: expected sizes of at least 1", () -> new BatchNorm(-1));
    refused(
        "convolution: stride: expected at least 1, found 0", () -> new Conv2d(random, 1, 1, 3, 0));
    refused("convolution: expected an odd kernel, found 2", () -> new Conv2d(random, 1, 1, 2, 1));
    refused("embedding: expected at least 1, found 0", () -> new Passthrough(0));
    refused("weights [0, 4]: expected sizes of at least 1", () -> new Classifier(random, 0, 4));
  }

  @Test
  void textEmbeddingTakesTheFeaturesItWasFittedOn() {
    TextEmbedding embedding = TextEmbedding.fit(new float[][] {{1, 0}, {0, 1}, {1, 3}}, 1);
    refused(
        "text embedding: expected an input [B, 2] in f32, found [1, 3] in f32",
        () -> embedding.embed(new float[][] {{1, 2, 3}}));
    refused(
        "teacher.embedding: expected at least 1, found 0",
        () -> TextEmbedding.fit(new float[][] {{1, 0}, {0, 1}}, 0));
  }

  @Test
  void partsHaveNamesOfTheirOwnAndParametersAreF32() {
    BatchNorm norm = new BatchNorm(2);
    refused(
        "parameter other: expected f32, found [2] in f64",
        () -> norm.parameter("other", values(2).to(torch.ScalarType.Double)));
    refused(
        "module: expected a name of its own for each part, found a second weight",
        () -> norm.buffer("weight", values(2)));
  }
}
