package org.crossdistill.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.crossdistill.data.PairedLatents;
import org.crossdistill.eval.RocAuc;
import org.crossdistill.eval.Selection;
import org.crossdistill.method.C2kd;
import org.crossdistill.nn.Tensors;

/** Whether the samples that C2KD keeps are those whose pair is aligned. */
final class SelectionProbe extends Probe {

  private final C2kd method;

  SelectionProbe(ExperimentRun run, C2kd method, PairedLatents.Truth truth) {
    super(run, truth);
    this.method = method;
  }

  @Override
  List<ProbeRow> untrained() {
    return List.of(row("untrained, test pairs", split().test().samples()));
  }

  @Override
  List<ProbeRow> trained() {
    return List.of(
        row("training pairs", split().train().samples()),
        row("test pairs", split().test().samples()));
  }

  private ProbeRow row(String name, int[] samples) {
    C2kd.Agreement agreement = method.agreement(run().batch(samples));
    float[] tau = Tensors.floats(agreement.tau().nan_to_num());
    float[] kept = Tensors.floats(agreement.kept());
    boolean[] misaligned = marked(truth().misaligned(), samples);
    boolean[] aligned = new boolean[samples.length];
    boolean[] selected = new boolean[samples.length];
    for (int i = 0; i < samples.length; i++) {
      aligned[i] = !misaligned[i];
      selected[i] = kept[i] != 0;
    }
    Selection selection = Selection.of(selected, aligned);
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("precision", selection.precision());
    values.put("by chance", selection.wanted());
    values.put("recall", selection.recall());
    values.put("kept", selection.selected());
    values.put("misaligned kept", share(selected, misaligned));
    values.put("AUC of τ", RocAuc.of(tau, aligned));
    return new ProbeRow(name, values);
  }

  private static double share(boolean[] selected, boolean[] among) {
    return Selection.of(selected, among).recall();
  }
}
