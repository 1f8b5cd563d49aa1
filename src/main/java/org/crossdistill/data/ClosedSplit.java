package org.crossdistill.data;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * A split in which all classes stand in all parts. Classes are divided one by one, base by base, so
 * that each part holds about its share of every class and at least one base of it. A base of
 * several classes counts for the one that most of its samples have.
 *
 * <p>Samples without a label go to the training part. For one seed, less data is part of more: the
 * ten samples a class of {@code perClass = 10} are among those of {@code perClass = 20}, and of two
 * values of {@code labelled} likewise.
 *
 * @param validation share of the samples, 0 for none
 * @param test share of the samples, more than 0
 * @param perClass at most so many training samples of each class, or {@link #ALL}
 * @param labelled so many training samples of each class keep their label, or {@link #ALL}; the
 *     others stay as pairs with {@link Labels#NONE}
 */
public record ClosedSplit(double validation, double test, int perClass, int labelled) {

  /** No limit. */
  public static final int ALL = Integer.MAX_VALUE;

  private static final List<String> PARTS = List.of("train", "validation", "test");
  private static final int TRAIN = 0;
  private static final int VALIDATION = 1;
  private static final int TEST = 2;

  /** Checks the options. */
  public ClosedSplit {
    boolean shares = validation >= 0 && test > 0 && validation + test < 1;
    if (!shares) {
      throw new DataException(
          "closed split: expected validation ≥ 0, test > 0 and their sum below 1, found %s and %s"
              .formatted(validation, test));
    }
    if (perClass < 1 || labelled < 1) {
      throw new DataException(
          "closed split: expected per-class and labelled ≥ 1, found %d and %d"
              .formatted(perClass, labelled));
    }
  }

  /**
   * Divides a data set.
   *
   * @param samples to divide
   * @param column whose classes are divided
   * @param seed the same gives the same split
   * @return parts with all classes of the column
   * @throws DataException naming a class without samples or with fewer bases than parts
   */
  public Split draw(PairedSamples samples, String column, long seed) {
    Labels labels = samples.labels(column);
    int[] parts = new int[samples.size()];
    List<List<BaseGroup>> strata = strata(samples, labels);
    for (int label = 0; label < strata.size(); label++) {
      List<BaseGroup> bases = strata.get(label);
      checkBases(labels, label, bases.size());
      int[] order = IntStream.range(0, bases.size()).toArray();
      Permutations.shuffle(order, Seeds.random(seed, "closed-split", label));
      assign(IntStream.of(order).mapToObj(bases::get).toList(), parts);
    }
    return new Split(
        train(labels, parts, seed),
        evaluation(labels, parts, VALIDATION),
        evaluation(labels, parts, TEST));
  }

  /** The bases of each class. */
  private static List<List<BaseGroup>> strata(PairedSamples samples, Labels labels) {
    List<List<BaseGroup>> strata = new ArrayList<>();
    labels.classes().forEach(name -> strata.add(new ArrayList<>()));
    for (BaseGroup base : BaseGroup.all(samples)) {
      int label = base.mostFrequent(labels);
      if (label != Labels.NONE) {
        strata.get(label).add(base);
      }
    }
    return strata;
  }

  private void checkBases(Labels labels, int label, int bases) {
    List<String> wanted = validation > 0 ? PARTS : List.of(PARTS.get(TRAIN), PARTS.get(TEST));
    if (bases < wanted.size()) {
      throw new DataException(
          "class '%s' of column '%s': expected at least %d bases, for %s, found %d"
              .formatted(
                  labels.classes().get(label),
                  labels.column(),
                  wanted.size(),
                  String.join(", ", wanted),
                  bases));
    }
  }

  /** Deals the bases of one class out: each to the part that still lacks most samples. */
  private void assign(List<BaseGroup> bases, int[] parts) {
    int size = bases.stream().mapToInt(base -> base.samples().size()).sum();
    double[] lacking = {(1 - validation - test) * size, validation * size, test * size};
    boolean[] empty = {true, validation > 0, true};
    int left = bases.size();
    for (BaseGroup base : bases) {
      int part = neediest(lacking, empty, left <= emptyParts(empty));
      base.samples().forEach(sample -> parts[sample] = part);
      lacking[part] -= base.samples().size();
      empty[part] = false;
      left--;
    }
  }

  private static int emptyParts(boolean[] empty) {
    return (int) IntStream.range(0, empty.length).filter(part -> empty[part]).count();
  }

  private int neediest(double[] lacking, boolean[] empty, boolean onlyEmpty) {
    int best = -1;
    for (int part = 0; part < lacking.length; part++) {
      boolean possible = onlyEmpty ? empty[part] : part != VALIDATION || validation > 0;
      if (possible && (best < 0 || lacking[part] > lacking[best])) {
        best = part;
      }
    }
    return best;
  }

  private Subset train(Labels labels, int[] parts, long seed) {
    int[] given = new int[labels.size()];
    boolean[] kept = new boolean[labels.size()];
    IntFunction<int[]> members =
        label ->
            IntStream.range(0, parts.length)
                .filter(i -> parts[i] == TRAIN && labels.get(i) == label)
                .toArray();
    for (int sample : members.apply(Labels.NONE)) {
      kept[sample] = true;
      given[sample] = Labels.NONE;
    }
    for (int label = 0; label < labels.classes().size(); label++) {
      int[] order = members.apply(label);
      Permutations.shuffle(order, Seeds.random(seed, "limited-data", label));
      for (int i = 0; i < Math.min(order.length, perClass); i++) {
        kept[order[i]] = true;
        given[order[i]] = i < labelled ? label : Labels.NONE;
      }
    }
    int[] samples = IntStream.range(0, kept.length).filter(i -> kept[i]).toArray();
    Labels all = Labels.of(labels.column(), labels.classes(), given);
    return Subset.of(samples, all.select(samples));
  }

  private static Subset evaluation(Labels labels, int[] parts, int part) {
    int[] samples =
        IntStream.range(0, parts.length)
            .filter(i -> parts[i] == part && labels.get(i) != Labels.NONE)
            .toArray();
    return Subset.of(samples, labels.select(samples));
  }
}
