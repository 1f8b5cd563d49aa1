package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.crossdistill.nn.TorchThreads;

/**
 * Steps a second of each arm, measured in turn in one process on one thread: a round trains an
 * epoch of each arm, and one of its networks without the losses. A number is the median over the
 * rounds, so that what disturbs one round moves little.
 */
public final class Throughput {

  /**
   * What a step of one arm costs.
   *
   * @param data name of the data set; "" in a file that names none
   * @param arm its name
   * @param step milliseconds of a whole step: batch, forward passes, losses, backward passes,
   *     update
   * @param networks milliseconds of a step of the same networks without the losses
   */
  public record Row(String data, String arm, double step, double networks) {

    /** Steps a second. */
    public double stepsPerSecond() {
      return 1000 / step;
    }
  }

  private static final class Measured {
    private final Arm arm;
    private final Trainer whole;
    private final Trainer networks;
    private final List<Double> wholeTimes = new ArrayList<>();
    private final List<Double> networkTimes = new ArrayList<>();

    Measured(Arm arm, ExperimentRun run) {
      this.arm = arm;
      whole = run.trainer();
      networks = run.withoutLosses();
    }

    void round(BooleanSupplier stop) {
      wholeTimes.add(milliseconds(whole, stop));
      networkTimes.add(milliseconds(networks, stop));
    }

    private static double milliseconds(Trainer trainer, BooleanSupplier stop) {
      EpochReport report = trainer.epoch(Map::of, List.of(), stop);
      if (report == null) {
        throw new StoppedException("stopped in the middle of the measurement");
      }
      return 1000 * report.seconds() * report.epochs() / trainer.totalSteps();
    }

    Row row() {
      return new Row(arm.data(), arm.name(), median(wholeTimes), median(networkTimes));
    }

    /** The first round warms up and does not count. */
    private static double median(List<Double> times) {
      double[] sorted = times.stream().skip(1).mapToDouble(Double::doubleValue).sorted().toArray();
      int middle = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
  }

  private Throughput() {}

  /**
   * Measures all arms of a file, each with its first seed.
   *
   * @param rounds that count, ≥ 1
   * @param progress told what is done, line by line
   * @param stop asked before each step
   * @throws StoppedException if asked to stop
   */
  public static List<Row> measure(
      ExperimentFile file, int rounds, Consumer<String> progress, BooleanSupplier stop) {
    Options.require(rounds >= 1, "--rounds", "at least 1", rounds);
    TorchThreads.set(1);
    List<Row> rows = new ArrayList<>();
    for (String data : file.dataSets()) {
      Inputs inputs = Inputs.standard();
      List<Measured> measured = new ArrayList<>();
      for (Arm arm : file.arms()) {
        if (arm.data().equals(data)) {
          Arm longEnough = arm.under("train.epochs=" + (rounds + 1));
          long seed = arm.experiment().settings().seeds().get(0);
          measured.add(
              new Measured(arm, new ExperimentRun(longEnough.experiment(), seed, inputs, stop)));
          progress.accept("prepared " + arm.cell(seed));
        }
      }
      for (int round = 0; round <= rounds; round++) {
        measured.forEach(arm -> arm.round(stop));
        progress.accept("round %d of %d".formatted(round, rounds));
      }
      measured.forEach(arm -> rows.add(arm.row()));
    }
    return rows;
  }
}
