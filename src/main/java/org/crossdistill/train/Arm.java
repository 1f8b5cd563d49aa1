package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One experiment of a file: an arm on a data set. Immutable.
 *
 * @param data name of the data set; "" in a file that names none
 * @param name of the arm
 * @param config the file's tables for this arm, merged
 * @param assignments {@code key=value}, laid over them in this order
 * @param search how the arm takes part in a search of settings
 * @param experiment what all this gives
 */
public record Arm(
    String data,
    String name,
    Map<String, Object> config,
    List<String> assignments,
    ArmSearch search,
    Experiment experiment) {

  private static final String SEEDS = "seeds";

  /**
   * Binds the configuration.
   *
   * @throws ConfigException naming data set and arm
   */
  static Arm of(
      String data,
      String name,
      Map<String, Object> config,
      List<String> assignments,
      ArmSearch search) {
    Map<String, Object> copy = ConfigLayers.merge(config, Map.of());
    try {
      assignments.forEach(assignment -> TomlConfig.set(copy, assignment));
      List<String> all = List.copyOf(assignments);
      return new Arm(data, name, config, all, search, Experiment.of(copy));
    } catch (ConfigException e) {
      throw new ConfigException(where(data, name) + e.getMessage(), e);
    }
  }

  private static String where(String data, String name) {
    String dataSet = data.isEmpty() ? "" : "data set " + data;
    String arm = name.isEmpty() ? "" : "arm " + name;
    String both = dataSet + (dataSet.isEmpty() || arm.isEmpty() ? "" : ", ") + arm;
    return both.isEmpty() ? "" : both + ": ";
  }

  /** The same with further assignments, over which those that are there lie. */
  public Arm over(List<String> below) {
    List<String> all = new ArrayList<>(below);
    all.addAll(assignments);
    return of(data, name, config, all, search);
  }

  /** The same with an assignment that lies over all others. */
  Arm under(String above) {
    List<String> all = new ArrayList<>(assignments);
    all.add(above);
    return of(data, name, config, all, search);
  }

  /** The same with further tables, over which the assignments lie. */
  Arm over(Map<String, Object> tables) {
    return of(data, name, ConfigLayers.merge(config, tables), assignments, search);
  }

  /** The same under the name of its method, where the file gives it none. */
  Arm namedAfterMethod() {
    return new Arm(data, experiment.method().name(), config, assignments, search, experiment);
  }

  /** The assignments but those of the seeds, for where these are said on their own. */
  public List<String> assignmentsButSeeds() {
    return assignments.stream().filter(a -> !TomlConfig.key(a).equals(List.of(SEEDS))).toList();
  }

  /** One training of it. */
  public Comparison.Cell cell(long seed) {
    return new Comparison.Cell(data, name, seed);
  }

  /** The name under which results stand in tables: that of the data set, whoever gave it. */
  public String dataName() {
    return data.isEmpty() ? experiment.settings().data().name() : data;
  }
}
