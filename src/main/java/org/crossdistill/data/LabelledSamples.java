package org.crossdistill.data;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * One modality of a data set as its files give it.
 *
 * @param source the files, for messages
 * @param samples N
 * @param classes name of each sample's class, N
 * @param parts which part of the split each sample is in, N
 * @param ids of each sample within its part, N
 * @param pairs id of the other modality's sample that shows the same, N; empty if nothing says so
 * @param quality of each sample as it was measured, N; empty if it was not
 */
public record LabelledSamples(
    String source,
    Samples samples,
    List<String> classes,
    List<Part> parts,
    List<String> ids,
    List<String> pairs,
    List<Float> quality) {

  /** Samples whose quality was not measured. */
  public LabelledSamples(
      String source,
      Samples samples,
      List<String> classes,
      List<Part> parts,
      List<String> ids,
      List<String> pairs) {
    this(source, samples, classes, parts, ids, pairs, List.of());
  }

  /** A part of a split. */
  public enum Part {
    TRAIN,
    VALIDATION,
    TEST
  }

  /**
   * Which samples are used.
   *
   * @param validation share of the training samples of each class that become validation samples
   *     where the files name none, in [0, 1)
   * @param perClass at most so many training samples of each class
   * @param seed where the choice comes from
   */
  public record Choice(double validation, int perClass, long seed) {}

  /** {@return the quality of each sample, [N]; null if it was not measured} */
  public float[] qualityOrNull() {
    if (quality.isEmpty()) {
      return null;
    }
    float[] values = new float[quality.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = quality.get(i);
    }
    return values;
  }

  /** {@return the names of the classes, in alphabetical order} */
  public List<String> classNames() {
    return List.copyOf(new TreeSet<>(classes));
  }

  /**
   * Divides the samples.
   *
   * @throws DataException if there are fewer than two classes, a class has no sample in the
   *     training or the test part, or a validation part is wanted and empty
   */
  public Split split(Choice choice) {
    List<String> names = classNames();
    if (names.size() < 2) {
      throw new DataException(
          "%s: expected at least two classes, found only %s".formatted(source, names));
    }
    boolean named = parts.contains(Part.VALIDATION);
    List<Integer> train = new ArrayList<>();
    List<Integer> validation = new ArrayList<>(members(Part.VALIDATION, null));
    for (int label = 0; label < names.size(); label++) {
      List<Integer> members = shuffled(names.get(label), label, choice.seed());
      int held = named ? 0 : (int) Math.round(choice.validation() * members.size());
      validation.addAll(members.subList(0, held));
      int end = (int) Math.min(members.size(), (long) held + choice.perClass());
      train.addAll(members.subList(held, end));
      require(end > held, names.get(label), "training");
      require(!members(Part.TEST, names.get(label)).isEmpty(), names.get(label), "test");
    }
    if (choice.validation() > 0 && validation.isEmpty()) {
      throw new DataException(
          "%s: expected a class of which a share of %s is a sample or more, for validation, found none"
              .formatted(source, choice.validation()));
    }
    return new Split(
        subset(train, names), subset(validation, names), subset(members(Part.TEST, null), names));
  }

  /**
   * Divides the samples so that no pair lies across two parts: a training sample of the other
   * modality has its partner here in training, a validation sample in validation, unless a training
   * sample has the same partner. Samples without a partner stay in the part that the files name.
   *
   * @param partners for each of the other modality's samples the one here that shows the same
   * @param others the other modality's split
   * @throws DataException if a class has no sample in the training or the test part
   */
  public Split splitBeside(int[] partners, Split others) {
    List<String> names = classNames();
    boolean[] trained = beside(partners, others.train());
    boolean[] held = beside(partners, others.validation());
    List<Integer> train = new ArrayList<>(members(Part.TRAIN, null));
    List<Integer> validation = new ArrayList<>(members(Part.VALIDATION, null));
    train.stream().filter(i -> held[i] && !trained[i]).forEach(validation::add);
    train.removeAll(new TreeSet<>(validation));
    for (String name : names) {
      require(train.stream().anyMatch(i -> classes.get(i).equals(name)), name, "training");
      require(!members(Part.TEST, name).isEmpty(), name, "test");
    }
    return new Split(
        subset(train, names), subset(validation, names), subset(members(Part.TEST, null), names));
  }

  private boolean[] beside(int[] partners, Subset others) {
    boolean[] beside = new boolean[classes.size()];
    IntStream.of(others.samples()).forEach(sample -> beside[partners[sample]] = true);
    return beside;
  }

  private List<Integer> shuffled(String name, int label, long seed) {
    int[] order = members(Part.TRAIN, name).stream().mapToInt(Integer::intValue).toArray();
    RandomGenerator random = Seeds.random(seed, "limited-data", label);
    Permutations.shuffle(order, random);
    return IntStream.of(order).boxed().toList();
  }

  private void require(boolean holds, String name, String part) {
    if (!holds) {
      throw new DataException(
          "%s: expected %s samples of class '%s', found none".formatted(source, part, name));
    }
  }

  /** Samples of a part; of one class unless {@code nameOrNull} is null. */
  private List<Integer> members(Part part, String nameOrNull) {
    return IntStream.range(0, classes.size())
        .filter(i -> parts.get(i) == part)
        .filter(i -> nameOrNull == null || classes.get(i).equals(nameOrNull))
        .boxed()
        .toList();
  }

  private Subset subset(List<Integer> members, List<String> names) {
    int[] samples = members.stream().mapToInt(Integer::intValue).sorted().toArray();
    int[] labels = IntStream.of(samples).map(i -> names.indexOf(classes.get(i))).toArray();
    return Subset.of(samples, Labels.of(source, names, labels));
  }

  /**
   * Fails unless the other modality has the same classes.
   *
   * @throws DataException naming a class that one of them lacks
   */
  public void requireClassesOf(LabelledSamples other) {
    TreeSet<String> missing = new TreeSet<>(classNames());
    missing.removeAll(other.classNames());
    if (!missing.isEmpty()) {
      String name = missing.first();
      throw new DataException(
          "%s: expected the %d classes of %s, found none named '%s' (sample '%s') among its %d"
              .formatted(
                  other.source,
                  classNames().size(),
                  source,
                  name,
                  ids.get(classes.indexOf(name)),
                  other.classNames().size()));
    }
  }

  /**
   * The other modality's sample that shows the same as each of these.
   *
   * @throws DataException if the files don't pair, or name a sample that the other doesn't have or
   *     has in another class
   */
  public int[] partners(LabelledSamples other) {
    if (pairs.isEmpty()) {
      throw new DataException(source + ": expected a column that pairs examples, found none");
    }
    TreeMap<String, Integer> byId = new TreeMap<>();
    for (int i = 0; i < other.ids.size(); i++) {
      byId.put(other.parts.get(i) + " " + other.ids.get(i), i);
    }
    int[] partners = new int[pairs.size()];
    for (int i = 0; i < partners.length; i++) {
      Integer partner = byId.get(parts.get(i) + " " + pairs.get(i));
      if (partner == null) {
        throw new DataException(
            "%s, sample '%s': expected its pair '%s' in the same part of %s, found none"
                .formatted(source, ids.get(i), pairs.get(i), other.source));
      }
      if (!other.classes.get(partner).equals(classes.get(i))) {
        throw new DataException(
            "%s, sample '%s' of class '%s': expected its pair '%s' in the same class, found '%s'"
                .formatted(
                    source, ids.get(i), classes.get(i), pairs.get(i), other.classes.get(partner)));
      }
      partners[i] = partner;
    }
    return partners;
  }
}
