package org.crossdistill;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.crossdistill.loss.MarginClassifierLoss;
import org.crossdistill.loss.SoftMarginFeatureLoss;
import org.crossdistill.method.Objective;
import org.crossdistill.nn.Classifier;
import org.crossdistill.nn.Init;
import org.crossdistill.nn.SmallResNet;
import org.crossdistill.nn.Tensors;
import org.junit.jupiter.api.Test;

/** The example of the README, compiled and run. */
class TutorialTest {

  @Test
  void exampleOfTheReadmeRuns() {
    float[] gradient;
    // README
    SplittableRandom random = new SplittableRandom(42);
    SmallResNet student = new SmallResNet(random, SmallResNet.Options.defaults().withDropout(0));
    Classifier classifier = new Classifier(random, 10, student.embeddingSize());
    var featureLoss = new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults());
    var classifierLoss = new MarginClassifierLoss(MarginClassifierLoss.Options.defaults());
    try (PointerScope step = new PointerScope()) { // frees what the step leaves behind
      Tensor pictures = Init.normal(random, 16, 3, 32, 32); // [B, 3, H, W]
      Tensor texts = Init.normal(random, 16, 128); // the teacher's embeddings [B, D]
      Tensor labels = Tensor.create(new long[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5});
      Tensor s = student.forward(pictures); // [B, D]
      var feature = featureLoss.forward(s, texts, null); // value and gradients in one call
      var identity = classifierLoss.forward(classifier.weight(), s, labels);
      new Objective()
          .gradient(s, feature.gradStudent())
          .gradient(s, identity.gradEmbeddings())
          .gradient(classifier.weight(), identity.gradClassifier())
          .backward(); // LibTorch carries them on through the network
      System.out.printf("%.3f%n", feature.loss().item_float() + identity.loss().item_float());
    }
    // README
    gradient = Tensors.floats(student.parameters().get("stem.weight").grad());
    assertThat(gradient).hasSize(16 * 3 * 9).doesNotContain(Float.NaN);
    assertThat(gradient).isNotEqualTo(new float[gradient.length]);
  }

  @Test
  void readmeHoldsExactlyThisExample() throws IOException {
    String source = Files.readString(Path.of("src/test/java/org/crossdistill/TutorialTest.java"));
    String example = source.split(" {4}// README\n", -1)[1].replaceAll("(?m)^ {4}", "");

    assertThat(Files.readString(Path.of("README.md"))).contains("```java\n" + example + "```");
  }
}
