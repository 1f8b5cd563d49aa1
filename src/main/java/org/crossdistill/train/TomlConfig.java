package org.crossdistill.train;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/** Reads TOML into plain maps, lists, strings and numbers, and lays {@code key=value} over them. */
public final class TomlConfig {

  private TomlConfig() {}

  /**
   * Reads a file.
   *
   * @throws ConfigException if it can't be read or is no TOML; the message names file and line
   */
  public static Map<String, Object> read(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new ConfigException(file + ": expected UTF-8 text, found other bytes", e);
    } catch (IOException e) {
      throw new ConfigException("cannot read configuration " + file + ": " + reason(e), e);
    }
    return parse(text, file.toString());
  }

  private static String reason(IOException e) {
    return e instanceof NoSuchFileException ? "no such file" : e.getMessage();
  }

  /**
   * Reads a text.
   *
   * @param origin what error messages call the text
   */
  public static Map<String, Object> parse(String text, String origin) {
    TomlParseResult result = Toml.parse(text);
    if (result.hasErrors()) {
      var first = result.errors().get(0);
      throw new ConfigException(
          origin + ", line " + first.position().line() + ": " + first.getMessage());
    }
    return table(result);
  }

  /**
   * Sets one value, as {@code --set train.epochs=3} does. The value is read as TOML, and as a bare
   * string where it isn't any.
   *
   * @param assignment {@code path.to.key=value}; a part of the key with a dot in it is quoted
   */
  public static void set(Map<String, Object> config, String assignment) {
    List<String> key = key(assignment);
    Map<String, Object> table = config;
    for (String part : key.subList(0, key.size() - 1)) {
      table = child(table, part, assignment);
    }
    String text = assignment.substring(assignment.indexOf('=') + 1).trim();
    table.put(key.get(key.size() - 1), value(text));
  }

  /**
   * The parts of the key that an assignment sets.
   *
   * @throws ConfigException if it is no assignment
   */
  static List<String> key(String assignment) {
    int equals = assignment.indexOf('=');
    try {
      if (equals > 0) {
        return Toml.parseDottedKey(assignment.substring(0, equals).trim());
      }
    } catch (IllegalArgumentException e) {
      // Refused below, as what has no key is.
    }
    throw new ConfigException("--set: expected key=value, found " + assignment);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> child(
      Map<String, Object> table, String key, String assignment) {
    Object child = table.computeIfAbsent(key, k -> new TreeMap<String, Object>());
    if (child instanceof Map) {
      return (Map<String, Object>) child;
    }
    throw new ConfigException("--set " + assignment + ": " + key + " is no table");
  }

  private static Object value(String text) {
    TomlParseResult result = Toml.parse("value = " + text);
    return result.hasErrors() ? text : plain(result.get("value"));
  }

  private static Map<String, Object> table(TomlTable table) {
    Map<String, Object> map = new TreeMap<>();
    for (String key : table.keySet()) {
      map.put(key, plain(table.get(List.of(key))));
    }
    return map;
  }

  private static Object plain(Object value) {
    if (value instanceof TomlTable table) {
      return table(table);
    }
    if (value instanceof TomlArray array) {
      return array.toList().stream().map(TomlConfig::plain).toList();
    }
    return value;
  }
}
