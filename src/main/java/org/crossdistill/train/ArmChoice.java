package org.crossdistill.train;

import java.util.List;
import java.util.function.Function;

/**
 * Which arms of a file a command takes. No others are bound, so that {@code --set} may set what
 * these alone have.
 *
 * @param single whether there must be one alone
 * @param dataOrNull the data set that was named
 * @param nameOrNull the arm that was named
 */
public record ArmChoice(boolean single, String dataOrNull, String nameOrNull) {

  /** Every arm on every data set. */
  public static ArmChoice all() {
    return named(null);
  }

  /** The arms of a name on all data sets; all arms for null. */
  public static ArmChoice named(String nameOrNull) {
    return new ArmChoice(false, null, nameOrNull);
  }

  /** One arm on one data set; either may be null only if there is a single one. */
  public static ArmChoice one(String dataOrNull, String nameOrNull) {
    return new ArmChoice(true, dataOrNull, nameOrNull);
  }

  /**
   * Chooses.
   *
   * @throws ConfigException if there is none of a name, or none was named among several
   */
  List<ArmTables> from(List<ArmTables> arms) {
    List<ArmTables> onData = chosen("--data-set", dataOrNull, ArmTables::data, arms);
    return chosen("--arm", nameOrNull, ArmTables::name, onData);
  }

  private List<ArmTables> chosen(
      String option, String wantedOrNull, Function<ArmTables, String> name, List<ArmTables> arms) {
    List<String> names = arms.stream().map(name).distinct().toList();
    boolean unnamed = names.equals(List.of(""));
    if (unnamed || (wantedOrNull == null && !(single && names.size() > 1))) {
      return arms;
    }
    if (!names.contains(wantedOrNull)) {
      throw wrong(option, names, wantedOrNull);
    }
    return arms.stream().filter(arm -> name.apply(arm).equals(wantedOrNull)).toList();
  }

  /** Says which names there are. */
  static ConfigException wrong(String option, List<String> names, String foundOrNull) {
    boolean unnamed = names.equals(List.of(""));
    String expected = unnamed ? "none in this file" : "one of " + String.join(", ", names);
    String found = foundOrNull == null ? "none" : foundOrNull;
    return new ConfigException(option + ": expected " + expected + "; found " + found);
  }
}
