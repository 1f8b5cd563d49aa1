package org.crossdistill.train;

import java.lang.reflect.RecordComponent;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.crossdistill.data.FilePath;

/**
 * Paths in a configuration file count from the file's folder. Before anything is laid over them
 * they are made to count from where the command runs, as those of {@code --set} do.
 */
final class ConfigPaths {

  /** Such as {@code data.sounds.folder}, of every data set. */
  private static final Set<String> KEYS = keys(Experiment.Settings.class, "");

  private final Path folder;

  private ConfigPaths(Path folder) {
    this.folder = folder;
  }

  /** Changes the paths in what has been read from {@code file}, in all of its layers. */
  static void resolve(Map<String, Object> config, Path file) {
    Path folder = file.getParent();
    if (folder != null) {
      new ConfigPaths(folder).layers(config);
    }
  }

  private void layers(Map<String, Object> config) {
    layer(config);
    for (String named : List.of(ConfigLayers.DATA_SET, ConfigLayers.ARM)) {
      if (config.get(named) instanceof List<?> tables) {
        tables.forEach(this::layer);
      }
    }
    if (config.get(ConfigLayers.TUNE) instanceof Map<?, ?> tune) {
      layer(tune.get(TuneOptions.SET));
    }
  }

  private void layer(Object table) {
    KEYS.forEach(key -> resolve(table, List.of(key.split("\\."))));
  }

  @SuppressWarnings("unchecked")
  private void resolve(Object table, List<String> key) {
    if (!(table instanceof Map)) {
      return;
    }
    Map<String, Object> map = (Map<String, Object>) table;
    Object value = map.get(key.get(0));
    if (key.size() > 1) {
      resolve(value, key.subList(1, key.size()));
    } else if (value instanceof String path && !path.isEmpty()) {
      map.put(key.get(0), resolved(key.get(0), path));
    }
  }

  private String resolved(String key, String path) {
    try {
      return folder.resolve(path).toString();
    } catch (InvalidPathException e) {
      throw new ConfigException(key + ": expected a path, found " + path, e);
    }
  }

  private static Set<String> keys(Class<?> type, String prefix) {
    Set<String> keys = new TreeSet<>();
    for (Class<?> record : ConfigBinder.records(type)) {
      for (RecordComponent component : record.getRecordComponents()) {
        String key = prefix + ConfigBinder.kebab(component.getName());
        if (component.isAnnotationPresent(FilePath.class)) {
          keys.add(key);
        }
        keys.addAll(keys(component.getType(), key + "."));
      }
    }
    return keys;
  }
}
