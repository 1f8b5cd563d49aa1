package org.crossdistill.train;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.crossdistill.CrossdistillException;

/**
 * Turns tables into option records and back. A record's component {@code learningRate} is the key
 * {@code learning-rate}, an enum's constant {@code WEIGHTED_MEAN} the string {@code
 * "weighted-mean"}. What a table leaves out comes from the record's static {@code defaults()}. A
 * key that no component has is an error that names the nearest one, in this table or one of its
 * own. A component whose type is an interface is the record that the table's {@code name} chooses
 * through the interface's static {@code named(Object)}.
 */
public final class ConfigBinder {

  private static final String NAME = "name";

  private ConfigBinder() {}

  /**
   * A record from a table.
   *
   * @param path what error messages call the table, such as {@code train}; "" for the whole file
   */
  public static <R extends Record> R bind(Class<R> type, Map<String, Object> table, String path) {
    return bind(type, defaults(type), table, path);
  }

  /** As {@link #bind(Class, Map, String)}, over values of the caller's own. */
  public static <R extends Record> R bind(
      Class<R> type, R defaults, Map<String, Object> table, String path) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> known = keys(type);
    rejectUnknown(table.keySet(), type, List.of(), path);
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      Object fallback = get(components[i], defaults);
      Object raw = table.get(known.get(i));
      values[i] =
          raw == null ? fallback : convert(components[i], raw, fallback, join(path, known.get(i)));
    }
    return construct(type, types, values, path);
  }

  /** The table that gives this record, with every key; what a run's card holds. */
  public static Map<String, Object> table(Record options) {
    Map<String, Object> table = new LinkedHashMap<>();
    for (RecordComponent component : options.getClass().getRecordComponents()) {
      Object value = get(component, options);
      if (value != null) {
        table.put(kebab(component.getName()), plain(value));
      }
    }
    return table;
  }

  private static Object plain(Object value) {
    if (value instanceof Record record) {
      return table(record);
    }
    if (value instanceof Enum<?> constant) {
      return kebab(constant);
    }
    if (value instanceof List<?> list) {
      return list.stream().map(ConfigBinder::plain).toList();
    }
    return value;
  }

  /** The keys of a table. */
  private static List<String> keys(Class<?> type) {
    return Arrays.stream(type.getRecordComponents()).map(c -> kebab(c.getName())).toList();
  }

  /** The keys of a table's own tables, such as {@code split.name}. */
  private static List<String> nestedKeys(Class<?> type) {
    List<String> nested = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      for (Class<?> record : records(component.getType())) {
        Stream.of(keys(record), nestedKeys(record))
            .flatMap(List::stream)
            .forEach(key -> nested.add(join(kebab(component.getName()), key)));
      }
    }
    return nested;
  }

  /** The type itself, or all that a table's name may choose; none if the type is no table. */
  static List<Class<?>> records(Class<?> type) {
    if (type.isRecord()) {
      return List.of(type);
    }
    return type.isSealed() && type.isInterface()
        ? List.of(type.getPermittedSubclasses())
        : List.of();
  }

  /**
   * Fails if a key is none of a table. The message names the nearest one of it or of its own
   * tables, if there is any.
   *
   * @param type the record with the table's keys
   * @param beside keys that the table has beside these
   */
  static void rejectUnknown(
      Collection<String> keys, Class<?> type, List<String> beside, String path) {
    List<String> known = new ArrayList<>(beside);
    known.addAll(keys(type));
    for (String key : keys) {
      if (!known.contains(key)) {
        known.addAll(nestedKeys(type));
        String hint =
            known.isEmpty()
                ? "expected none beside " + join(path, NAME)
                : "did you mean " + join(path, Levenshtein.nearest(key, known)) + "?";
        throw new ConfigException("unknown key " + join(path, key) + "; " + hint);
      }
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Object convert(
      RecordComponent component, Object raw, Object fallback, String key) {
    Class<?> type = component.getType();
    if (type == List.class) {
      return list(component, raw, key);
    }
    if (type.isRecord() || type.isInterface()) {
      if (!(raw instanceof Map<?, ?> table)) {
        throw wrong(key, "a table", raw);
      }
      Record defaults = fallback == null ? defaults((Class) type) : (Record) fallback;
      if (type.isInterface() && table.get(NAME) != null) {
        defaults = named(type, table.get(NAME));
      }
      return bind((Class) defaults.getClass(), defaults, (Map<String, Object>) raw, key);
    }
    return scalar(type, raw, key);
  }

  private static List<Object> list(RecordComponent component, Object raw, String key) {
    if (!(raw instanceof List<?> values)) {
      throw wrong(key, "an array", raw);
    }
    var element = ((ParameterizedType) component.getGenericType()).getActualTypeArguments()[0];
    List<Object> list = new ArrayList<>();
    for (Object value : values) {
      list.add(scalar((Class<?>) element, value, key));
    }
    return List.copyOf(list);
  }

  private static Object scalar(Class<?> type, Object raw, String key) {
    if (type == double.class || type == Double.class) {
      return number(raw, key).doubleValue();
    }
    if (type == int.class || type == Integer.class) {
      return (int) whole(raw, key, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }
    if (type == long.class || type == Long.class) {
      return whole(raw, key, Long.MIN_VALUE, Long.MAX_VALUE);
    }
    if (type == boolean.class || type == Boolean.class) {
      return require(raw instanceof Boolean, raw, key, "true or false");
    }
    if (type == String.class) {
      return require(raw instanceof String, raw, key, "a string");
    }
    if (type.isEnum()) {
      return constant(type, raw, key);
    }
    throw new IllegalStateException("no conversion to " + type + " for " + key);
  }

  private static Object require(boolean holds, Object raw, String key, String expected) {
    if (!holds) {
      throw wrong(key, expected, raw);
    }
    return raw;
  }

  private static Number number(Object raw, String key) {
    return (Number) require(raw instanceof Number, raw, key, "a number");
  }

  private static long whole(Object raw, String key, long least, long most) {
    if (raw instanceof Long || raw instanceof Integer) {
      long value = ((Number) raw).longValue();
      if (value >= least && value <= most) {
        return value;
      }
      throw wrong(key, "a whole number from " + least + " to " + most, raw);
    }
    throw wrong(key, "a whole number", raw);
  }

  private static Object constant(Class<?> type, Object raw, String key) {
    for (Object constant : type.getEnumConstants()) {
      if (kebab((Enum<?>) constant).equals(raw)) {
        return constant;
      }
    }
    String names =
        Arrays.stream(type.getEnumConstants())
            .map(c -> kebab((Enum<?>) c))
            .collect(Collectors.joining(", "));
    throw wrong(key, "one of " + names, raw);
  }

  private static ConfigException wrong(String key, String expected, Object found) {
    return new ConfigException(key + ": expected " + expected + ", found " + found);
  }

  @SuppressWarnings("unchecked")
  private static <R extends Record> R defaults(Class<R> type) {
    try {
      return (R) type.getMethod("defaults").invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " needs a public static defaults()", e);
    }
  }

  private static Record named(Class<?> type, Object name) {
    try {
      return (Record) type.getDeclaredMethod("named", Object.class).invoke(null, name);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof CrossdistillException cause) {
        throw cause;
      }
      throw new IllegalStateException("cannot choose a " + type, e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " needs a static named(Object)", e);
    }
  }

  private static Object get(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }

  private static <R extends Record> R construct(
      Class<R> type, Class<?>[] types, Object[] values, String path) {
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof CrossdistillException cause) {
        String at = path.isEmpty() ? "" : "[" + path + "] ";
        throw new ConfigException(at + cause.getMessage(), cause);
      }
      throw new IllegalStateException("cannot make " + type, e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot make " + type, e);
    }
  }

  private static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /** A record component's name in configurations. */
  static String kebab(String camel) {
    return camel
        .replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-")
        .toLowerCase(Locale.ROOT);
  }

  /** An enum constant's name in configurations. */
  public static String kebab(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
