package org.crossdistill.loss;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.crossdistill.loss.TestTensors.gaussian;

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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Arguments that no loss can read are refused by name, whatever the loss would do with them. */
final class ArgumentsTest {

  private static final List<Backend> BACKENDS = List.of(Backend.CPU, Backend.REFERENCE);

  private final PointerScope scope = new PointerScope();
  private final Tensor rows = gaussian(1, 3, 2);

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
}
