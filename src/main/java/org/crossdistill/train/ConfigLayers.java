package org.crossdistill.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A configuration taken apart: what all share, and the named tables that are laid over it.
 *
 * @param shared everything but the named tables
 * @param dataSets the {@code [[data-set]]} tables in order; none where the file has a single one
 * @param arms the {@code [[arm]]} tables in order; none where the file has a single experiment
 */
record ConfigLayers(
    Map<String, Object> shared,
    List<Map<String, Object>> dataSets,
    List<Map<String, Object>> arms) {

  static final String NAME = "name";

  static final String ARM = "arm";
  static final String DATA_SET = "data-set";
  static final String DATA_SETS = "data-sets";
  static final String TITLE = "title";
  static final String TUNE = "tune";
  private static final String METHOD = "method";

  /**
   * Takes a configuration apart, which is left as it is.
   *
   * @throws ConfigException if something named is no table, or has no name or that of another one,
   *     or if a key of the first level is not known
   */
  static ConfigLayers of(Map<String, Object> config) {
    Experiment.rejectUnknown(config, List.of(TITLE, TUNE, DATA_SET, ARM), "");
    Map<String, Object> shared = new TreeMap<>(config);
    List<String> keysOfArm = new ArrayList<>(List.of(NAME, DATA_SETS));
    keysOfArm.addAll(ArmSearch.KEYS);
    return new ConfigLayers(
        shared,
        tables(DATA_SET, List.of(NAME), shared.remove(DATA_SET)),
        tables(ARM, keysOfArm, shared.remove(ARM)));
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> tables(String key, List<String> own, Object value) {
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof List<?> list) || !list.stream().allMatch(t -> t instanceof Map)) {
      throw new ConfigException(key + ": expected [[" + key + "]] tables, found " + value);
    }
    List<Map<String, Object>> tables = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Object table : list) {
      tables.add(new TreeMap<>((Map<String, Object>) table));
      checkName(key, ((Map<String, Object>) table).get(NAME), names);
      checkKeys(key, (Map<String, Object>) table, own);
    }
    return tables;
  }

  private static void checkKeys(String key, Map<String, Object> table, List<String> own) {
    try {
      Experiment.rejectUnknown(table, own, "");
    } catch (ConfigException e) {
      String named = key.replace('-', ' ') + " " + table.get(NAME);
      throw new ConfigException(named + ": " + e.getMessage(), e);
    }
  }

  /** A name is that of a folder, too. */
  private static void checkName(String key, Object name, Collection<String> earlier) {
    boolean usable =
        name instanceof String text && text.matches("[^/\\\\.\\s][^/\\\\]*") && !text.isBlank();
    if (!usable) {
      throw new ConfigException(
          key + ".name: expected a string that can name a folder, found " + name);
    }
    if (earlier.contains(name)) {
      throw new ConfigException(key + ".name: " + name + " stands twice");
    }
    earlier.add((String) name);
  }

  /** A deep copy of {@code base} with {@code over} laid over it. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> merge(Map<String, Object> base, Map<String, Object> over) {
    Map<String, Object> merged = new TreeMap<>();
    base.forEach(
        (key, value) ->
            merged.put(
                key, value instanceof Map ? merge((Map<String, Object>) value, Map.of()) : value));
    over.forEach(
        (key, value) -> {
          boolean both = value instanceof Map && merged.get(key) instanceof Map;
          if (both && !replacesMethod(key, merged.get(key), value)) {
            merged.put(
                key, merge((Map<String, Object>) merged.get(key), (Map<String, Object>) value));
          } else {
            merged.put(key, value);
          }
        });
    return merged;
  }

  private static boolean replacesMethod(String key, Object base, Object over) {
    Object name = ((Map<?, ?>) over).get(NAME);
    return key.equals(METHOD) && name != null && !name.equals(((Map<?, ?>) base).get(NAME));
  }
}
