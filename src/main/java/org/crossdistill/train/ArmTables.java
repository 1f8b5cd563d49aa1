package org.crossdistill.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a file says of one arm on a data set, not yet bound to settings.
 *
 * @param data name of the data set; "" in a file that names none
 * @param name of the arm; "" in a file without arms
 * @param config the file's tables for this arm, merged
 * @param search how the arm takes part in a search of settings
 */
record ArmTables(String data, String name, Map<String, Object> config, ArmSearch search) {

  /**
   * All of a file, data set by data set, in the file's order.
   *
   * @throws ConfigException naming an arm for data sets that are not there
   */
  static List<ArmTables> of(ConfigLayers layers) {
    checkDataSets(layers);
    List<Map<String, Object>> dataSets = layers.dataSets();
    return (dataSets.isEmpty() ? List.of(Map.<String, Object>of()) : dataSets)
        .stream().flatMap(dataSet -> of(layers, dataSet).stream()).toList();
  }

  /**
   * Lays assignments over the tables and binds them; without a name it is called by its method.
   *
   * @throws ConfigException naming data set and arm
   */
  Arm bind(List<String> assignments) {
    Arm arm = Arm.of(data, name, config, assignments, search);
    return name.isEmpty() ? arm.namedAfterMethod() : arm;
  }

  private static void checkDataSets(ConfigLayers layers) {
    List<Object> known = layers.dataSets().stream().map(d -> d.get(ConfigLayers.NAME)).toList();
    for (Map<String, Object> arm : layers.arms()) {
      Object named = arm.get(ConfigLayers.DATA_SETS);
      boolean fits = named == null || (named instanceof List<?> list && known.containsAll(list));
      if (!fits) {
        throw new ConfigException(
            "arm %s: data-sets: expected names among %s, found %s"
                .formatted(arm.get(ConfigLayers.NAME), known, named));
      }
    }
  }

  private static List<ArmTables> of(ConfigLayers layers, Map<String, Object> dataSet) {
    Map<String, Object> over = new TreeMap<>(dataSet);
    Object data = over.remove(ConfigLayers.NAME);
    String dataName = data == null ? "" : data.toString();
    Map<String, Object> base = ConfigLayers.merge(layers.shared(), over);
    if (layers.arms().isEmpty()) {
      ArmSearch search = new ArmSearch(Map.of(), Optional.empty());
      return List.of(new ArmTables(dataName, "", base, search));
    }
    List<ArmTables> arms = new ArrayList<>();
    for (Map<String, Object> table : layers.arms()) {
      Map<String, Object> own = new TreeMap<>(table);
      String name = (String) own.remove(ConfigLayers.NAME);
      Object dataSets = own.remove(ConfigLayers.DATA_SETS);
      ArmSearch search = ArmSearch.takeFrom(own);
      if (dataSets == null || ((List<?>) dataSets).contains(dataName)) {
        arms.add(new ArmTables(dataName, name, ConfigLayers.merge(base, own), search));
      }
    }
    return arms;
  }
}
