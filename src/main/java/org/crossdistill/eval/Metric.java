package org.crossdistill.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The numbers that are reported for a model: their key in files and their heading in tables. */
public enum Metric {
  /** {@link Verification#eer()} of all pairs, a fraction. */
  EER("eer", "EER", Direction.LOWER_IS_BETTER, Unit.FRACTION),
  /** {@link FewShot} accuracy with one support a class, a fraction. */
  SHOT1("shot1", "1-shot", Direction.HIGHER_IS_BETTER, Unit.FRACTION),
  /** {@link FewShot} accuracy with five supports a class, a fraction. */
  SHOT5("shot5", "5-shot", Direction.HIGHER_IS_BETTER, Unit.FRACTION),
  /** {@link ZeroShot} accuracy, a fraction. */
  ZEROSHOT("zeroshot", "zero-shot", Direction.HIGHER_IS_BETTER, Unit.FRACTION),
  /** {@link Matching#oneToTwo} accuracy, a fraction. */
  MATCHING("matching", "1:2 matching", Direction.HIGHER_IS_BETTER, Unit.FRACTION),
  /** {@link Accuracy#top1} of the classes that were trained, a fraction. */
  ACCURACY("accuracy", "accuracy", Direction.HIGHER_IS_BETTER, Unit.FRACTION),
  /** {@link Verification#eer()} of the other modality's model, where a method trains one. */
  OTHER_EER("other-eer", "EER, other modality", Direction.LOWER_IS_BETTER, Unit.FRACTION),
  /** {@link Accuracy#top1} of the other modality's model, where a method trains one. */
  OTHER_ACCURACY(
      "other-accuracy", "accuracy, other modality", Direction.HIGHER_IS_BETTER, Unit.FRACTION),
  /** How long the epochs of the training took. */
  SECONDS("seconds", "seconds", Direction.LOWER_IS_BETTER, Unit.SECONDS);

  /** The metrics of an open-set experiment, in the order of its table. */
  public static final List<Metric> OPEN_SET = List.of(EER, SHOT1, SHOT5, ZEROSHOT, MATCHING);

  private enum Direction {
    LOWER_IS_BETTER,
    HIGHER_IS_BETTER
  }

  private enum Unit {
    FRACTION,
    SECONDS
  }

  private final String key;
  private final String heading;
  private final Direction direction;
  private final Unit unit;

  Metric(String key, String heading, Direction direction, Unit unit) {
    this.key = key;
    this.heading = heading;
    this.direction = direction;
    this.unit = unit;
  }

  /** The name in {@code summary.json} and in metrics files. */
  public String key() {
    return key;
  }

  /** The heading in tables, with an arrow towards the better end. */
  public String heading() {
    return heading + (lowerIsBetter() ? " ↓" : " ↑");
  }

  /** Whether a model is better the lower the number. */
  public boolean lowerIsBetter() {
    return direction == Direction.LOWER_IS_BETTER;
  }

  /** Whether tables show the number as a percentage. */
  public boolean isFraction() {
    return unit == Unit.FRACTION;
  }

  /** The metric with this key. */
  public static Optional<Metric> byKey(String key) {
    return Arrays.stream(values()).filter(metric -> metric.key.equals(key)).findFirst();
  }

  /** The number as tables show it: one decimal, fractions in percent, a true minus sign. */
  String format(double value) {
    double shown = isFraction() ? 100 * value : value;
    String digits = String.format(Locale.ROOT, "%.1f", Math.abs(shown));
    return shown < 0 && !digits.equals("0.0") ? "−" + digits : digits;
  }

  /** A difference as tables show it: with its sign, + or −. */
  String formatDifference(double value) {
    String digits = format(value);
    return value > 0 && !digits.equals("0.0") ? "+" + digits : digits;
  }
}
