package org.crossdistill.data;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A split by class: what is learnt on seen classes is measured on classes that were never seen. A
 * base of several classes that fall into different parts stays in the part where it has most
 * samples, and its other samples are left out. Samples without a label are left out, too: nobody
 * knows on which side they belong.
 *
 * @param seen share of the classes to learn from, rounded up; validation classes are among them
 * @param validation share of all classes that is held out of the seen ones, rounded down; 0 for
 *     none
 */
public record OpenSplit(double seen, double validation) {

  private static final Logger LOG = LoggerFactory.getLogger(OpenSplit.class);

  /** Fewer have nothing to tell apart. */
  private static final int MIN_CLASSES = 2;

  private static final List<String> PARTS = List.of("train", "validation", "test");
  private static final int TRAIN = 0;
  private static final int VALIDATION = 1;
  private static final int TEST = 2;

  /** So that 0.6 of 70 classes is 42, whatever the last bit of 0.6 says. */
  private static final double ROUNDING = 1e-9;

  /** Checks the options. */
  public OpenSplit {
    boolean shares = seen > 0 && seen < 1 && validation >= 0 && validation < seen;
    if (!shares) {
      throw new DataException(
          "open split: expected 0 < seen < 1 and 0 ≤ validation < seen, found %s and %s"
              .formatted(seen, validation));
    }
  }

  /**
   * Divides a data set.
   *
   * @param samples to divide
   * @param column whose classes are divided
   * @param seed the same gives the same split
   * @return parts whose labels count the classes of that part alone
   * @throws DataException naming a class without samples, or when a part gets fewer than two
   *     classes
   */
  public Split draw(PairedSamples samples, String column, long seed) {
    Labels labels = samples.labels(column);
    int[] partOfClass = partOfClass(labels, seed);
    Labels parts = parts(labels, partOfClass);
    boolean[] kept = wholeBases(samples, parts);
    checkClasses(labels, kept);
    return new Split(
        subset(labels, parts, kept, TRAIN),
        subset(labels, parts, kept, VALIDATION),
        subset(labels, parts, kept, TEST));
  }

  /** Leaves out samples whose base stands in another part with more samples. */
  private static boolean[] wholeBases(PairedSamples samples, Labels parts) {
    boolean[] kept = new boolean[samples.size()];
    for (BaseGroup base : BaseGroup.all(samples)) {
      int part = base.mostFrequent(parts);
      for (int sample : base.samples()) {
        kept[sample] = part != Labels.NONE && parts.get(sample) == part;
      }
    }
    long leftOut = IntStream.range(0, kept.length).filter(i -> !kept[i]).count();
    LOG.debug("open split: left {} of {} samples out", leftOut, kept.length);
    return kept;
  }

  private static void checkClasses(Labels labels, boolean[] kept) {
    boolean[] present = new boolean[labels.classes().size()];
    for (int i = 0; i < kept.length; i++) {
      if (kept[i]) {
        present[labels.get(i)] = true;
      }
    }
    for (int label = 0; label < present.length; label++) {
      if (!present[label]) {
        throw new DataException(
            "class '%s' of column '%s': expected samples of bases of its own, found none"
                .formatted(labels.classes().get(label), labels.column()));
      }
    }
  }

  private int[] partOfClass(Labels labels, long seed) {
    int classes = labels.classes().size();
    int seenClasses = (int) Math.ceil(seen * classes - ROUNDING);
    int validationClasses = (int) Math.floor(validation * classes + ROUNDING);
    int[] counts = {seenClasses - validationClasses, validationClasses, classes - seenClasses};
    for (int part = 0; part < counts.length; part++) {
      if (counts[part] < MIN_CLASSES && (part != VALIDATION || validation > 0)) {
        throw new DataException(
            "open split of column '%s': expected at least %d classes for %s, found %d of %d"
                .formatted(labels.column(), MIN_CLASSES, PARTS.get(part), counts[part], classes));
      }
    }
    int[] order = IntStream.range(0, classes).toArray();
    Permutations.shuffle(order, Seeds.random(seed, "open-split", 0));
    int[] parts = new int[classes];
    for (int i = 0; i < classes; i++) {
      parts[order[i]] =
          i < counts[TRAIN] ? TRAIN : i < counts[TRAIN] + counts[VALIDATION] ? VALIDATION : TEST;
    }
    return parts;
  }

  /** Per sample its part, as if that were its class. */
  private static Labels parts(Labels labels, int[] partOfClass) {
    int[] parts = labels.toArray();
    Arrays.setAll(parts, i -> parts[i] == Labels.NONE ? Labels.NONE : partOfClass[parts[i]]);
    return Labels.of("part", PARTS, parts);
  }

  private static Subset subset(Labels labels, Labels parts, boolean[] kept, int part) {
    int[] samples =
        IntStream.range(0, kept.length).filter(i -> kept[i] && parts.get(i) == part).toArray();
    return Subset.of(samples, labels.select(samples).withoutEmptyClasses());
  }
}
