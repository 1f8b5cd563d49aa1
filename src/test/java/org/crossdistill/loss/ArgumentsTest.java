package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.crossdistill.loss.TestTensors.gaussian;

import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.crossdistill.kernel.Backend;
import org.crossdistill.loss.CrdLoss.Candidates;
import org.crossdistill.loss.DiscomKdLoss.Head;
import org.crossdistill.loss.DiscomKdLoss.Heads;
import org.crossdistill.loss.DiscomKdLoss.Modality;
import org.crossdistill.loss.MarginClassifierLoss.RowSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Arguments that no loss can read are refused by name, whatever the loss would do with them. */
final class ArgumentsTest {

  private static final List<Backend> BACKENDS = List.of(Backend.CPU, Backend.REFERENCE);

  private final PointerScope scope = new PointerScope();
  private final Tensor rows = gaussian(1, 3, 2);
  private final Tensor labels = Tensor.create(0L, 1L, 2L);

  @AfterEach
  void free() {
    scope.close();
  }

  private static void refused(String message, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(TensorException.class).hasMessage(message);
  }

  private static Tensor closed() {
    Tensor tensor = gaussian(2, 3, 2);
    tensor.close();
    return tensor;
  }

  /** For a kernel no memory of the weights means ones. */
  @Test
  void zerosWithoutMemoryAreNoWeights() {
    Tensor zeros =
        torch.torch__efficientzerotensor(new long[] {3}, new TensorOptions(ScalarType.Double));
    for (Backend backend : BACKENDS) {
      SoftMarginFeatureLoss loss =
          new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults(), backend);
      refused(
          "weights: expected f64 [3] on cpu, found f64 [3] on cpu, without dense memory",
          () -> loss.forward(rows, rows, zeros));
    }
  }

  @Test
  void tensorsWithoutDenseMemoryAreRefused() {
    PairLoss loss = new HintLoss(HintLoss.Options.defaults());
    String expected = "student: expected dense f64, f32, bf16 or f16 [rows, columns], found ";
    Tensor meta = rows.to(new Device("meta"), ScalarType.Double);
    refused(expected + "f64 [3, 2] on meta, without dense memory", () -> loss.forward(meta, meta));
    Tensor sparse = rows.to_sparse();
    refused(
        expected + "f64 [3, 2] on cpu, without dense memory", () -> loss.forward(sparse, sparse));
    Tensor nested = torch.as_nested_tensor(new TensorVector(gaussian(1, 2), gaussian(2, 3)));
    refused(expected + "nested f64 on cpu", () -> loss.forward(nested, nested));
  }

  @Test
  void mapsWithoutDenseMemoryAreRefused() {
    PairLoss loss = new AtLoss(AtLoss.Options.defaults());
    Tensor maps = gaussian(1, 2, 3, 4, 4);
    refused(
        "teacher: expected dense f64, f32, bf16 or f16 [rows, channels, height, width],"
            + " found f64 [2, 3, 4, 4] on cpu, without dense memory",
        () -> loss.forward(maps, maps.to_sparse()));
  }

  @Test
  void closedCandidatesAreNamed() {
    Candidates candidates = new Candidates(closed(), Tensor.create(0L, 1L, 2L), null, 1);
    for (Backend backend : BACKENDS) {
      refused(
          "candidates: expected [K, 2], found no tensor",
          () -> new CrdLoss(1, backend).forward(rows, candidates, 1, 3));
    }
  }

  @Test
  void closedTensorsAreNamedByTheOperationsToo() {
    String expected = "student: expected [rows, columns], found no tensor";
    for (Backend backend : BACKENDS) {
      var feature = new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults(), backend);
      refused(expected, () -> feature.apply(closed(), rows, null));
      KdLoss kd = new KdLoss(KdLoss.Options.defaults(), backend);
      refused(expected, () -> kd.apply(closed(), rows, null, null));
      var classifier = new MarginClassifierLoss(MarginClassifierLoss.Options.defaults(), backend);
      refused(
          "classifier: expected [rows, columns], found no tensor",
          () -> classifier.apply(closed(), null, List.of(RowSet.of(rows, labels))));
    }
  }

  @Test
  void missingOptionsAreNamed() {
    String expected = "options: expected a value, found null";
    refused(expected, () -> new AtLoss(null));
    refused(expected, () -> new DistLoss(null));
    refused(expected, () -> new LskdLoss(null));
    refused(expected, () -> new NkdLoss(null));
  }

  @Test
  void missingOutputsAreNamed() {
    String expected = "outputs: expected a value, found null";
    var feature = new SoftMarginFeatureLoss(SoftMarginFeatureLoss.Options.defaults());
    refused(expected, () -> feature.forward(rows, rows, null, 1, null));
    KdLoss kd = new KdLoss(KdLoss.Options.defaults());
    refused(expected, () -> kd.forward(rows, rows, null, null, 1, null));
    DkdLoss dkd = new DkdLoss(DkdLoss.Options.defaults());
    refused(expected, () -> dkd.forward(rows, rows, labels, null, 1, null));
    HintLoss hint = new HintLoss(HintLoss.Options.defaults());
    refused(expected, () -> hint.forward(rows, rows, 1, null));
    var classifier = new MarginClassifierLoss(MarginClassifierLoss.Options.defaults());
    refused(expected, () -> classifier.forward(rows, null, List.of(RowSet.of(rows, labels)), null));
  }

  @Test
  void missingRowSetsAreNamed() {
    var loss = new MarginClassifierLoss(MarginClassifierLoss.Options.defaults());
    refused("rowSets: expected a value, found null", () -> loss.forward(rows, null));
    refused("rowSets: expected a value, found null", () -> loss.apply(rows, null, null));
    List<RowSet> sets = Arrays.asList(RowSet.of(rows, labels), null);
    refused("rowSets[1]: expected a value, found null", () -> loss.forward(rows, sets));
    refused("rowSets[1]: expected a value, found null", () -> loss.apply(rows, null, sets));
  }

  @Test
  void missingPartsAreNamed() {
    C2kdLoss c2kd = new C2kdLoss(C2kdLoss.Options.defaults());
    refused("logits: expected a value, found null", () -> c2kd.forward(null, labels, 1));
    CrdLoss crd = new CrdLoss(1);
    refused("candidates: expected a value, found null", () -> crd.forward(rows, null, 1, 3));
    refused("candidates: expected a value, found null", () -> crd.normaliser(rows, null, 3));
  }

  @Test
  void missingAndWrongHeadsAreNamed() {
    DiscomKdLoss loss = new DiscomKdLoss(DiscomKdLoss.Options.defaults());
    var modality = new Modality(labels, rows, rows, rows, gaussian(1, 3, 4));
    Head task = new Head(gaussian(2, 5, 4), null);
    Head auxiliary = new Head(gaussian(3, 5, 2), null);
    Head domain = new Head(gaussian(4, 2, 2), null);
    var good = new Heads(task, task, auxiliary, domain, domain, domain);
    refused("one: expected a value, found null", () -> loss.apply(null, modality, good, 1));
    refused("two: expected a value, found null", () -> loss.apply(modality, null, good, 1));
    refused("heads: expected a value, found null", () -> loss.apply(modality, modality, null, 1));
    refused(
        "weights: expected a value, found null",
        () -> loss.forward(modality, modality, good, 1, null));
    var without = new Heads(task, task, auxiliary, null, domain, domain);
    refused(
        "adversarial: expected a value, found null",
        () -> loss.apply(modality, modality, without, 1));
    var wrong = new Heads(task, task, auxiliary, domain, domain, auxiliary);
    refused(
        "domainIrrelevant: expected f64 [2, 2] on cpu, found f64 [5, 2] on cpu",
        () -> loss.apply(modality, modality, wrong, 1));
  }

  /** A mean over nothing would be NaN. */
  @Test
  void rowsWithoutColumnsAreRefused() {
    Tensor empty = gaussian(1, 3, 0);
    String expected = "student: expected at least 1 column, found f64 [3, 0] on cpu";
    PairLoss hint = new HintLoss(HintLoss.Options.defaults());
    refused(expected, () -> hint.forward(empty, empty));
    PairLoss dist = new DistLoss(DistLoss.Options.defaults());
    refused(expected, () -> dist.apply(empty, empty));
  }

  @Test
  void whatCannotBeReversedIsNamed() {
    refused("input: expected a tensor, found no tensor", () -> GradientReversal.apply(null, 1));
    refused("input: expected a tensor, found no tensor", () -> GradientReversal.apply(closed(), 1));
    refused(
        "input: expected a dense tensor in f64, f32, bf16 or f16, found Long [3] on cpu",
        () -> GradientReversal.apply(labels, 1));
  }
}
