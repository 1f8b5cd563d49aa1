package org.crossdistill.eval;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.crossdistill.data.Seeds;

/**
 * k-shot recognition among all classes given (N-way). A draw picks k examples of every class at
 * random; their unit embeddings' mean is the class's prototype; every other example is a query and
 * goes to the prototype with the largest cosine (the first of equal ones). The same seed draws the
 * same supports from the same labels, so two models are compared on the same draws.
 *
 * <p>Prototypes: Snell, Swersky, Zemel, "Prototypical Networks for Few-shot Learning", 2017.
 *
 * @param shots k, the supports of a class, at least 1
 * @param draws how many times supports are drawn, at least 1
 * @param seed where the draws come from
 */
public record FewShot(int shots, int draws, long seed) {
  /** The number of draws that a result is usually averaged over. */
  public static final int DEFAULT_DRAWS = 100;

  /** Checks the ranges. */
  public FewShot {
    if (shots < 1 || draws < 1) {
      throw new EvalException(
          "few-shot: expected at least 1 shot and 1 draw, found %d and %d".formatted(shots, draws));
    }
  }

  /**
   * k shots with {@link #DEFAULT_DRAWS}.
   *
   * @param shots k, at least 1
   * @param seed where the draws come from
   */
  public static FewShot of(int shots, long seed) {
    return new FewShot(shots, DEFAULT_DRAWS, seed);
  }

  /**
   * The share of queries that are recognised, over all draws; chance is 1/N.
   *
   * @param embeddings [examples, D], finite
   * @param labels [examples], ≥ 0; at least two classes, each with more than k examples
   * @throws EvalException if a class is too small, naming it
   */
  public double accuracy(float[][] embeddings, int[] labels) {
    UnitRows rows = UnitRows.of("embeddings", embeddings);
    ClassIndex classes = ClassIndex.of("embeddings", labels, rows.count());
    requireQueries(classes);
    long correct = 0;
    for (int draw = 0; draw < draws; draw++) {
      SplittableRandom random = Seeds.random(seed, "few-shot", draw);
      correct += correctQueries(rows, classes, drawSupports(classes, random));
    }
    long queries = rows.count() - (long) shots * classes.count();
    return (double) correct / (queries * draws);
  }

  private void requireQueries(ClassIndex classes) {
    if (classes.count() < 2) {
      throw new EvalException("few-shot: expected at least 2 classes, found " + classes.count());
    }
    for (int c = 0; c < classes.count(); c++) {
      if (classes.members(c).length <= shots) {
        throw new EvalException(
            "few-shot: class %d has %d examples, expected at least %d: %d to learn from and a query"
                .formatted(classes.label(c), classes.members(c).length, shots + 1, shots));
      }
    }
  }

  /** k different examples of every class, [C][k]. */
  private int[][] drawSupports(ClassIndex classes, SplittableRandom random) {
    int[][] supports = new int[classes.count()][];
    for (int c = 0; c < supports.length; c++) {
      int[] members = classes.members(c).clone();
      for (int k = 0; k < shots; k++) { // the first k steps of a Fisher–Yates shuffle
        int chosen = random.nextInt(k, members.length);
        int swapped = members[k];
        members[k] = members[chosen];
        members[chosen] = swapped;
      }
      supports[c] = Arrays.copyOf(members, shots);
    }
    return supports;
  }

  private static int correctQueries(UnitRows rows, ClassIndex classes, int[][] supports) {
    boolean[] isSupport = new boolean[rows.count()];
    for (int[] classSupports : supports) {
      for (int support : classSupports) {
        isSupport[support] = true;
      }
    }
    UnitRows prototypes = rows.prototypes(supports);
    double[] cosines = new double[prototypes.count()];
    int correct = 0;
    for (int query = 0; query < rows.count(); query++) {
      if (!isSupport[query]) {
        rows.cosines(query, prototypes, 0, cosines);
        if (Accuracy.argMax(cosines) == classes.classOf(query)) {
          correct++;
        }
      }
    }
    return correct;
  }
}
