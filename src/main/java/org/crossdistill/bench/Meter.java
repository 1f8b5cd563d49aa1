package org.crossdistill.bench;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.crossdistill.kernel.Backend;
import org.crossdistill.kernel.DType;

/**
 * Measures cases: time, share of the machine's limit, ratio to the composition, error and memory.
 * Not thread-safe: it sets LibTorch's threads.
 */
public final class Meter {

  /** That many of its largest array the composition may hold at once. */
  private static final long ARRAYS_OF_REFERENCE = 16;

  private static final int CALLS_FOR_MEMORY = 3;

  private final Machine machine;
  private final double seconds;
  private final BooleanSupplier stop;

  /**
   * A meter for this process.
   *
   * @param machine for the rows
   * @param seconds that the repetitions of a case take, about; some there are in any case
   * @param stop asked between repetitions whether to give up
   */
  public Meter(Machine machine, double seconds, BooleanSupplier stop) {
    this.machine = machine;
    this.seconds = seconds;
    this.stop = stop;
  }

  /** Measures one case; null if it was stopped. */
  public Row measureOrNull(Case wanted) {
    int before = torch.get_num_threads();
    int blasBefore = openblas.blas_get_num_threads();
    setThreads(wanted.threads(), wanted.threads());
    try (PointerScope memory = new PointerScope()) {
      Problem problem = wanted.make();
      boolean compared = fits(problem);
      Repetitions times = new Repetitions(problem, wanted.threads(), compared);
      return times.run(seconds, stop) ? row(wanted, problem, times, compared) : null;
    } finally {
      setThreads(before, blasBefore);
    }
  }

  /** LibTorch's BLAS has a pool of its own, which does not follow LibTorch's setting. */
  private static void setThreads(int threads, int blasThreads) {
    torch.set_num_threads(threads);
    openblas.blas_set_num_threads(blasThreads);
  }

  private static boolean fits(Problem problem) {
    long needed = ARRAYS_OF_REFERENCE * Float.BYTES * problem.largestArray();
    return needed < Pointer.availablePhysicalBytes();
  }

  private Row row(Case wanted, Problem problem, Repetitions times, boolean compared) {
    double[] errors = errors(problem, wanted.threads(), compared);
    OptionalLong memory = Residency.peakOf(() -> problem.call(wanted.threads()), CALLS_FOR_MEMORY);
    OptionalLong referenceMemory =
        compared ? Residency.peakOf(() -> reference(problem), 1) : OptionalLong.empty();
    return new Row(
        wanted.kernel(),
        wanted.variant(),
        Backend.CPU.label(),
        machine.isa(),
        wanted.shape(),
        wanted.dtype().label(),
        wanted.threads(),
        times.kernel().median(),
        times.kernel().spread(),
        problem.bytes(),
        problem.flops(),
        times.shares().medianOrNull(),
        times.speedups().medianOrNull(),
        errors[0],
        orNull(memory, 0),
        times.reference().medianOrNull(),
        compared ? (Double) errors[1] : null,
        orNull(referenceMemory, bytesOf(problem.outputs())),
        machine);
  }

  static void reference(Problem problem) {
    try (PointerScope results = new PointerScope()) {
      problem.reference();
    }
  }

  /** Of the kernel and of the composition, against the kernel in f64: the worst of the outputs. */
  private static double[] errors(Problem problem, int threads, boolean compared) {
    try (PointerScope memory = new PointerScope()) {
      Problem part = problem.part(problem.dtype());
      Problem exact = problem.part(DType.F64);
      part.call(threads);
      exact.call(threads);
      return new double[] {
        worst(part.outputs(), exact.outputs()),
        compared ? worst(part.reference(), exact.outputs()) : Double.NaN
      };
    }
  }

  private static double worst(List<Tensor> found, List<Tensor> exact) {
    double worst = 0;
    for (int i = 0; i < found.size(); i++) {
      worst = Math.max(worst, Inputs.error(found.get(i), exact.get(i)));
    }
    return worst;
  }

  private static long bytesOf(List<Tensor> tensors) {
    return tensors.stream().mapToLong(tensor -> tensor.numel() * tensor.element_size()).sum();
  }

  /** Without what the call made as its results. */
  private static Long orNull(OptionalLong bytes, long results) {
    return bytes.isPresent() ? (Long) Math.max(0, bytes.getAsLong() - results) : null;
  }
}
