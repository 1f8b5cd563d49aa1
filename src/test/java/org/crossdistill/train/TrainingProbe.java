package org.crossdistill.train;

import java.util.List;
import java.util.Map;
import org.crossdistill.MemoryProbe;
import org.crossdistill.nn.TorchThreads;

/** Main class of child processes: trains 2 000 steps and tells what the last 1 000 leave behind. */
public final class TrainingProbe {

  static final int STEPS = 2000;

  private static final int STRETCHES = 5;
  private static final int EPOCHS = 500;

  private TrainingProbe() {}

  /** Four steps an epoch: the 33rd sample joins the fourth batch. */
  public static void main(String[] arguments) {
    TorchThreads.set(1);
    Trainer trainer =
        new Trainer(
            SyntheticPairs.method(1),
            new SyntheticPairs(33),
            new TrainOptions(EPOCHS, 8, 0.1, 1),
            OptimizerOptions.defaults(),
            5);
    if (trainer.totalSteps() != STEPS) {
      throw new IllegalStateException(
          "expected " + STEPS + " steps, found " + trainer.totalSteps());
    }
    epochs(trainer, EPOCHS / 2);
    MemoryProbe.measure(STRETCHES, () -> epochs(trainer, EPOCHS / 2 / STRETCHES));
  }

  private static void epochs(Trainer trainer, int count) {
    for (int i = 0; i < count; i++) {
      trainer.epoch(Map::of, List.of(), () -> false);
    }
  }
}
