package org.crossdistill.train;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A configuration with one experiment or several. A {@code [[data-set]]} is a named table laid over
 * the rest of the file, an {@code [[arm]]} one laid over that: each arm is there on each data set,
 * unless its {@code data-sets} names some. An arm whose method has another name replaces the table
 * {@code [method]} whole; every other table is merged key by key.
 *
 * @param title what the file says of itself; its name without the ending where it says nothing
 * @param arms the experiments, data set by data set, in the file's order; a file without arms has
 *     the one named after its method
 * @param tune how settings are searched; empty where the file does not say
 */
public record ExperimentFile(String title, List<Arm> arms, Optional<TuneOptions> tune) {

  /**
   * Reads a file. Paths in it count from its folder.
   *
   * @param assignments {@code key=value}, laid over every arm, or over the file where {@code title}
   *     or {@code tune} are set; paths in them count from where the command runs
   * @throws ConfigException naming the file and the key
   */
  public static ExperimentFile read(Path file, List<String> assignments) {
    return read(file, assignments, ArmChoice.all());
  }

  /** The same of some arms alone; others are as if they were not there. */
  public static ExperimentFile read(Path file, List<String> assignments, ArmChoice choice) {
    Map<String, Object> config = TomlConfig.read(file);
    // Such as have no key are wrong whatever the file says.
    assignments.forEach(assignment -> TomlConfig.set(new TreeMap<>(), assignment));
    try {
      ConfigPaths.resolve(config, file);
      return of(config, assignments, choice).titled(file);
    } catch (ConfigException e) {
      String over = choice.equals(ArmChoice.all()) ? " over every arm" : "";
      String origin = assignments.isEmpty() ? file.toString() : file + " with --set" + over;
      throw new ConfigException(origin + ": " + e.getMessage(), e);
    }
  }

  /** As {@link #read(Path, List)}, from a configuration that has been read. */
  public static ExperimentFile of(Map<String, Object> config, List<String> assignments) {
    return of(config, assignments, ArmChoice.all());
  }

  private static ExperimentFile of(
      Map<String, Object> config, List<String> assignments, ArmChoice choice) {
    Map<String, Object> whole = ConfigLayers.merge(config, Map.of());
    Map<Boolean, List<String>> ofWhole =
        assignments.stream().collect(Collectors.partitioningBy(ExperimentFile::isOfWholeFile));
    ofWhole.get(true).forEach(assignment -> TomlConfig.set(whole, assignment));
    return of(ConfigLayers.of(whole), ofWhole.get(false), choice);
  }

  private ExperimentFile titled(Path file) {
    String name = file.getFileName().toString().replaceFirst("\\.toml$", "");
    return title.isBlank() ? new ExperimentFile(name, arms, tune) : this;
  }

  /** Whether it sets what arms do not have. */
  private static boolean isOfWholeFile(String assignment) {
    String first = TomlConfig.key(assignment).get(0);
    if (first.equals(ConfigLayers.ARM) || first.equals(ConfigLayers.DATA_SET)) {
      throw new ConfigException(
          "%s: [[%s]] tables stand in the file alone; every other key may be set"
              .formatted(first, first));
    }
    return first.equals(ConfigLayers.TITLE) || first.equals(ConfigLayers.TUNE);
  }

  private static ExperimentFile of(
      ConfigLayers layers, List<String> assignments, ArmChoice choice) {
    Object title = layers.shared().remove(ConfigLayers.TITLE);
    Object tune = layers.shared().remove(ConfigLayers.TUNE);
    List<Arm> arms =
        choice.from(ArmTables.of(layers)).stream().map(arm -> arm.bind(assignments)).toList();
    Optional<TuneOptions> tuning = Optional.ofNullable(tune).map(TuneOptions::of);
    return new ExperimentFile(title == null ? "" : title.toString(), arms, tuning);
  }

  /** The data sets' names, in order. */
  public List<String> dataSets() {
    return arms.stream().map(Arm::data).distinct().toList();
  }

  /** The arms' names, in order. */
  public List<String> armNames() {
    return arms.stream().map(Arm::name).distinct().toList();
  }

  /** The one experiment of a file without arms, or one arm of a file with a single data set. */
  public Experiment arm(String nameOrNull) {
    return arm(null, nameOrNull).experiment();
  }

  /**
   * One of the experiments.
   *
   * @param dataOrNull name of the data set; may be null only if there is a single one
   * @param nameOrNull of the arm; may be null only if there is a single one
   */
  public Arm arm(String dataOrNull, String nameOrNull) {
    String data = chosen("--data-set", dataSets(), dataOrNull);
    List<Arm> onData = arms.stream().filter(arm -> arm.data().equals(data)).toList();
    String name = chosen("--arm", onData.stream().map(Arm::name).toList(), nameOrNull);
    return onData.stream().filter(arm -> arm.name().equals(name)).findFirst().orElseThrow();
  }

  /**
   * The arms of a name on all data sets; all arms for null.
   *
   * @throws ConfigException if there is none of the name
   */
  public List<Arm> armsNamed(String nameOrNull) {
    if (nameOrNull == null) {
      return arms;
    }
    String name = chosen("--arm", armNames(), nameOrNull);
    return arms.stream().filter(arm -> arm.name().equals(name)).toList();
  }

  private static String chosen(String option, List<String> names, String nameOrNull) {
    String name = nameOrNull == null && names.size() == 1 ? names.get(0) : nameOrNull;
    if (name == null || !names.contains(name)) {
      throw ArmChoice.wrong(option, names, nameOrNull);
    }
    return name;
  }
}
