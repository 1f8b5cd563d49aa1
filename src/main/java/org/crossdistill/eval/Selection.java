package org.crossdistill.eval;

/**
 * How well a selection of samples finds those that are wanted.
 *
 * @param precision share of the wanted among the selected; NaN where nothing is selected
 * @param recall share of the selected among the wanted
 * @param selected share of the selected among all
 * @param wanted share of the wanted among all: the precision of a selection at random
 */
public record Selection(double precision, double recall, double selected, double wanted) {

  /**
   * Compares a selection with the truth.
   *
   * @param selected [N], N ≥ 1
   * @param wanted [N], at least one is true
   * @throws EvalException if the lengths differ or nothing is wanted
   */
  public static Selection of(boolean[] selected, boolean[] wanted) {
    if (selected.length != wanted.length) {
      throw new EvalException(
          "selection: expected as many marks as samples, found %d and %d"
              .formatted(selected.length, wanted.length));
    }
    int both = 0;
    int kept = 0;
    int good = 0;
    for (int i = 0; i < selected.length; i++) {
      kept += selected[i] ? 1 : 0;
      good += wanted[i] ? 1 : 0;
      both += selected[i] && wanted[i] ? 1 : 0;
    }
    if (good == 0) {
      throw new EvalException(
          "selection: expected a wanted sample, found none among " + wanted.length);
    }
    double all = selected.length;
    return new Selection((double) both / kept, (double) both / good, kept / all, good / all);
  }
}
