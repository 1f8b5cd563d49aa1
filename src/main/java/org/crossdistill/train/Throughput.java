package org.crossdistill.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.crossdistill.nn.TorchThreads;

/**
 * Steps a second of each arm, measured in turn in one process on one thread: a round trains an
 * epoch of each arm, and one of its networks without the losses. A number is the median over the
 * rounds, so that what disturbs one round moves little; a difference is taken within each round, so
 * that what slows a whole round moves it little, either.
 */
public final class Throughput {

  /**
   * What a step of one arm costs; both lists have a number for each round that counts.
   *
   * @param data name of the data set; "" in a file that names none
   * @param arm its name
   * @param steps milliseconds of a whole step: batch, forward passes, losses, backward passes,
   *     update
   * @param networks milliseconds of a step of the same networks without the losses
   */
  public record Row(String data, String arm, List<Double> steps, List<Double> networks) {

    /** Copies the lists. */
    public Row {
      steps = List.copyOf(steps);
      networks = List.copyOf(networks);
    }

    /** Milliseconds of a whole step. */
    public double step() {
      return quantile(steps, 0.5);
    }

    /** Steps a second. */
    public double stepsPerSecond() {
      return 1000 / step();
    }

    /** How much longer a whole step takes than another arm's. */
    public Difference overhead(Row other) {
      return difference(other, round -> steps.get(round) - other.steps.get(round));
    }

    /** Of the overhead, what the passes of the networks take. */
    public Difference passes(Row other) {
      return difference(other, round -> networks.get(round) - other.networks.get(round));
    }

    /** Of the overhead, all the rest: the losses. */
    public Difference losses(Row other) {
      return difference(other, round -> rest(round) - other.rest(round));
    }

    private double rest(int round) {
      return steps.get(round) - networks.get(round);
    }

    private Difference difference(Row other, IntToDoubleFunction inRound) {
      int rounds = Math.min(steps.size(), other.steps.size());
      List<Double> all = IntStream.range(0, rounds).mapToDouble(inRound).boxed().toList();
      return new Difference(quantile(all, 0.5), (quantile(all, 0.75) - quantile(all, 0.25)) / 2);
    }
  }

  /**
   * Milliseconds by which two arms differ.
   *
   * @param median over the rounds
   * @param spread half of what lies between the quartiles
   */
  public record Difference(double median, double spread) {}

  /** Interpolated between the two values beside it. */
  private static double quantile(List<Double> values, double share) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    double place = share * (sorted.length - 1);
    int below = (int) place;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  }

  private static final class Measured {
    private final Arm arm;
    private final Trainer whole;
    private final Trainer networks;
    private final List<Double> wholeTimes = new ArrayList<>();
    private final List<Double> networkTimes = new ArrayList<>();

    /** Two runs: a method's parameters belong to one trainer. */
    Measured(Arm arm, Supplier<ExperimentRun> run) {
      this.arm = arm;
      whole = run.get().trainer();
      networks = run.get().withoutLosses();
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

    /** The first round warms up and does not count. */
    Row row() {
      return new Row(
          arm.data(),
          arm.name(),
          wholeTimes.subList(1, wholeTimes.size()),
          networkTimes.subList(1, networkTimes.size()));
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
              new Measured(
                  arm, () -> new ExperimentRun(longEnough.experiment(), seed, inputs, stop)));
          progress.accept("prepared " + arm.cell(seed));
        }
      }
      for (int round = 0; round <= rounds; round++) {
        inTurn(measured, round).forEach(arm -> arm.round(stop));
        progress.accept("round %d of %d".formatted(round, rounds));
      }
      measured.forEach(arm -> rows.add(arm.row()));
    }
    return rows;
  }

  /** Each round begins with another arm: nobody's place is always behind the largest. */
  private static List<Measured> inTurn(List<Measured> measured, int round) {
    List<Measured> order = new ArrayList<>(measured);
    Collections.rotate(order, -round);
    return order;
  }
}
