package org.crossdistill.loss;

import static org.crossdistill.loss.TestTensors.gaussian;
import static org.crossdistill.loss.TestTensors.integers;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.MemoryProbe;
import org.crossdistill.kernel.Backend;

/** Main class of child processes: calls every loss many times and tells what stays behind. */
public final class LossesProbe {

  private static final int WARM_UP = 300;

  private final SoftMarginFeatureLoss features;
  private final MarginClassifierLoss classes;
  private final QualityWeights quality;

  // Not contiguous: a copy that stays behind would be 64 KiB a call.
  private final Tensor student = gaussian(1, 128, 64).to(ScalarType.Float).t();
  private final Tensor teacher = gaussian(2, 128, 64).to(ScalarType.Float).t();
  private final Tensor classifier = gaussian(3, 20, 128).to(ScalarType.Float);
  private final Tensor labels = integers(4, 20, 64);

  private LossesProbe(Backend backend) {
    features = new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults(), backend);
    classes = new MarginClassifierLoss(MarginClassifierLoss.Options.defaults(), backend);
    quality = new QualityWeights(QualityWeights.Options.defaults(), backend);
  }

  /** Arguments: backend, stretches to measure, calls in each. */
  public static void main(String[] arguments) {
    torch.set_num_threads(1);
    LossesProbe probe = new LossesProbe(Backend.valueOf(arguments[0]));
    int calls = Integer.parseInt(arguments[2]);
    probe.calls(WARM_UP);
    MemoryProbe.measure(Integer.parseInt(arguments[1]), () -> probe.calls(calls));
  }

  private void calls(int count) {
    for (int call = 0; call < count; call++) {
      try (PointerScope step = new PointerScope()) {
        Tensor weights = quality.ofEmbeddings(student, teacher, true);
        features.forward(student, teacher, weights);
        classes.forward(classifier, student, labels);
        Tensor leaf = student.clone().requires_grad_(true);
        features.apply(leaf, teacher, weights).backward();
      }
    }
  }
}
