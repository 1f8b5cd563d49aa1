package org.crossdistill.train;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.data.Split;

/** What one kind of method is looked at for, before its training and after it. */
abstract class Probe {

  private final ExperimentRun run;
  private final PairedLatents.Truth truth;

  Probe(ExperimentRun run, PairedLatents.Truth truth) {
    this.run = run;
    this.truth = truth;
  }

  /** What is seen of the data themselves and of networks that are not trained; may be nothing. */
  abstract List<ProbeRow> untrained();

  /** What is seen after the training. */
  abstract List<ProbeRow> trained();

  /** Rows of this probe, with all networks in inference mode and without gradients. */
  final List<ProbeRow> look(Supplier<List<ProbeRow>> rows) {
    run.method().networks().values().forEach(network -> network.training(false));
    try (PointerScope scope = new PointerScope();
        NoGradGuard noGrad = new NoGradGuard()) {
      return rows.get();
    }
  }

  final ExperimentRun run() {
    return run;
  }

  final PairedLatents.Truth truth() {
    return truth;
  }

  /** Parts of the data on which a method's choices are looked at. */
  final Split split() {
    return run.data().student().split();
  }

  /** Those of some samples that are marked. */
  static boolean[] marked(boolean[] marks, int[] samples) {
    boolean[] chosen = new boolean[samples.length];
    for (int i = 0; i < samples.length; i++) {
      chosen[i] = marks[samples[i]];
    }
    return chosen;
  }
}
