package org.crossdistill.train;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How settings are searched, the same for every arm: the table {@code [tune]} of a configuration.
 *
 * @param trials settings that are tried for each arm on each data set, ≥ 1; the first are the
 *     file's own
 * @param seeds of the trainings of each trial
 * @param set tables laid over every experiment in the search alone, such as a part of the data that
 *     is kept for validation
 * @param space what is searched for every arm, by key
 */
public record TuneOptions(
    int trials, List<Long> seeds, Map<String, Object> set, Map<String, SearchRange> space) {

  private static final int TRIALS = 20;
  private static final String SPACE = "space";
  static final String SET = "set";

  /** The part that is bound to a record. */
  record Plain(int trials, List<Long> seeds) {

    /** 20 trials, seed 0. */
    public static Plain defaults() {
      return new Plain(TRIALS, List.of(0L));
    }
  }

  /**
   * Reads the table.
   *
   * @throws ConfigException naming a key that is not known or a value that doesn't fit
   */
  @SuppressWarnings("unchecked")
  static TuneOptions of(Object value) {
    if (!(value instanceof Map)) {
      throw new ConfigException("tune: expected a table, found " + value);
    }
    Map<String, Object> table = new TreeMap<>((Map<String, Object>) value);
    ConfigBinder.rejectUnknown(table.keySet(), Plain.class, List.of(SET, SPACE), "tune");
    Map<String, SearchRange> space = SearchRange.table("tune.space", table.remove(SPACE));
    Object set = table.remove(SET);
    if (set != null && !(set instanceof Map)) {
      throw new ConfigException("tune.set: expected a table, found " + set);
    }
    Map<String, Object> over = set == null ? Map.of() : (Map<String, Object>) set;
    Experiment.rejectUnknown(over, List.of(), "tune.set");
    Plain plain = ConfigBinder.bind(Plain.class, table, "tune");
    return new TuneOptions(plain.trials(), plain.seeds(), over, space);
  }

  /** Checks and copies. */
  public TuneOptions {
    seeds = List.copyOf(seeds);
    Options.require(trials >= 1, "tune.trials", "at least 1", trials);
    Options.require(!seeds.isEmpty(), "tune.seeds", "at least one seed", seeds);
  }

  /** The same with another number of trials. */
  public TuneOptions withTrials(int other) {
    return new TuneOptions(other, seeds, set, space);
  }
}
