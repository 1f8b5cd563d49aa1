package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.integers;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Many calls of every loss must not need more memory than the first few hundred. */
final class ResidentMemoryTest {

  private static final int WARM_UP = 300;
  private static final long ALLOWED_BYTES = 5_000_000;

  private final int threads = torch.get_num_threads();

  /** Small work on several threads measures how busy the machine is. */
  @BeforeEach
  void oneThread() {
    torch.set_num_threads(1);
  }

  @AfterEach
  void threadsAsBefore() {
    torch.set_num_threads(threads);
  }

  @ParameterizedTest
  @CsvSource({"CPU, 2000", "REFERENCE, 800"})
  void callsLeaveNothingBehind(Backend backend, int calls) throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/statm")), "resident memory is read from /proc");
    SoftMarginFeatureLoss features =
        new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults(), backend);
    MarginClassifierLoss classes =
        new MarginClassifierLoss(MarginClassifierLoss.Options.defaults(), backend);
    QualityWeights quality = new QualityWeights(QualityWeights.Options.defaults(), backend);
    try (PointerScope scope = new PointerScope()) {
      // Neither is contiguous: a copy that stays behind would be 64 KiB a call.
      Tensor student = gaussian(1, 128, 64).to(ScalarType.Float).t();
      Tensor teacher = gaussian(2, 128, 64).to(ScalarType.Float).t();
      Tensor classifier = gaussian(3, 20, 128).to(ScalarType.Float);
      Tensor labels = integers(4, 20, 64);
      long resident = 0;
      for (int call = 0; call < calls; call++) {
        try (PointerScope step = new PointerScope()) {
          Tensor weights = quality.forward(quality.norms(student), quality.norms(teacher), true);
          features.forward(student, teacher, weights);
          classes.forward(classifier, student, labels);
          Tensor leaf = student.clone().requires_grad_(true);
          features.apply(leaf, teacher, weights).backward();
        }
        resident = call == WARM_UP ? Pointer.physicalBytes() : resident;
      }
      assertThat(Pointer.physicalBytes() - resident).isLessThan(ALLOWED_BYTES);
    }
  }
}
