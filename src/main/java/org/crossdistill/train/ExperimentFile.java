package org.crossdistill.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A configuration with one experiment or several arms: an {@code [[arm]]} is a named table laid
 * over the rest of the file. An arm whose method has another name replaces the table {@code
 * [method]} whole; every other table is merged key by key.
 *
 * @param title what the file says of itself
 * @param arms experiments by name, in the file's order; a file without arms has the one named after
 *     its method
 */
public record ExperimentFile(String title, Map<String, Experiment> arms) {

  private static final String ARM = "arm";
  private static final String TITLE = "title";
  private static final String NAME = "name";
  private static final String METHOD = "method";

  /**
   * Reads a file.
   *
   * @param assignments {@code key=value}, laid over the file's shared part and every arm
   * @throws ConfigException naming the file and the key
   */
  public static ExperimentFile read(Path file, List<String> assignments) {
    Map<String, Object> config = TomlConfig.read(file);
    // Such as have no key are wrong whatever the file says.
    assignments.forEach(assignment -> TomlConfig.set(new TreeMap<>(), assignment));
    try {
      return of(config, assignments);
    } catch (ConfigException e) {
      String origin = assignments.isEmpty() ? file.toString() : file + " with --set";
      throw new ConfigException(origin + ": " + e.getMessage(), e);
    }
  }

  /** As {@link #read}, from a configuration that has been read. */
  @SuppressWarnings("unchecked")
  public static ExperimentFile of(Map<String, Object> config, List<String> assignments) {
    Map<String, Object> shared = new TreeMap<>(config);
    Object title = shared.remove(TITLE);
    Object armTables = shared.remove(ARM);
    Map<String, Experiment> arms = new LinkedHashMap<>();
    if (armTables == null) {
      Experiment only = experiment(shared, assignments);
      arms.put(only.method().name(), only);
    } else {
      for (Object table : tables(armTables)) {
        Map<String, Object> arm = new TreeMap<>((Map<String, Object>) table);
        String name = armName(arm.remove(NAME), arms);
        try {
          arms.put(name, experiment(merge(shared, arm), assignments));
        } catch (ConfigException e) {
          throw new ConfigException("arm " + name + ": " + e.getMessage(), e);
        }
      }
    }
    return new ExperimentFile(title == null ? "" : title.toString(), arms);
  }

  private static List<?> tables(Object armTables) {
    if (armTables instanceof List<?> list && list.stream().allMatch(t -> t instanceof Map)) {
      return list;
    }
    throw new ConfigException("arm: expected [[arm]] tables, found " + armTables);
  }

  private static String armName(Object name, Map<String, Experiment> arms) {
    if (!(name instanceof String text) || text.isBlank()) {
      throw new ConfigException("arm.name: expected a string, found " + name);
    }
    if (arms.containsKey(text)) {
      throw new ConfigException("arm.name: " + text + " stands twice");
    }
    return text;
  }

  private static Experiment experiment(Map<String, Object> config, List<String> assignments) {
    Map<String, Object> copy = merge(config, Map.of());
    assignments.forEach(assignment -> TomlConfig.set(copy, assignment));
    return Experiment.of(copy);
  }

  /** A deep copy of {@code base} with {@code over} laid over it. */
  @SuppressWarnings("unchecked")
  private static Map<String, Object> merge(Map<String, Object> base, Map<String, Object> over) {
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

  /**
   * The one experiment of a file without arms, or one arm.
   *
   * @param nameOrNull of the arm; may be null only if there is a single one
   */
  public Experiment arm(String nameOrNull) {
    List<String> names = new ArrayList<>(arms.keySet());
    String name = nameOrNull == null && names.size() == 1 ? names.get(0) : nameOrNull;
    Experiment found = name == null ? null : arms.get(name);
    if (found == null) {
      String given = name == null ? "none" : name;
      throw new ConfigException(
          "--arm: expected one of " + String.join(", ", names) + "; found " + given);
    }
    return found;
  }
}
