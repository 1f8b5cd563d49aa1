package org.crossdistill.train;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** The values of one key that a search may try. */
public sealed interface SearchRange {

  /** A value, as it stands in an assignment {@code key=value}. */
  String draw(RandomGenerator random);

  /**
   * Numbers whose logarithm is uniform, with three digits.
   *
   * @param low > 0
   * @param high > low
   */
  record Log(double low, double high) implements SearchRange {
    @Override
    public String draw(RandomGenerator random) {
      return digits(low * Math.pow(high / low, random.nextDouble()));
    }
  }

  /**
   * Uniform numbers, with three digits.
   *
   * @param high > low
   */
  record Uniform(double low, double high) implements SearchRange {
    @Override
    public String draw(RandomGenerator random) {
      return digits(low + (high - low) * random.nextDouble());
    }
  }

  /**
   * One of some values.
   *
   * @param values as they stand in an assignment
   */
  record Choice(List<String> values) implements SearchRange {
    @Override
    public String draw(RandomGenerator random) {
      return values.get(random.nextInt(values.size()));
    }
  }

  private static String digits(double value) {
    return new BigDecimal(value).round(new MathContext(3)).toString();
  }

  /**
   * Reads a table of ranges such as {@code "method.lambda-f" = { log = [0.1, 100] }}.
   *
   * @param path what error messages call the table
   * @param value the table; null for none
   */
  static Map<String, SearchRange> table(String path, Object value) {
    Map<String, SearchRange> ranges = new TreeMap<>();
    if (value == null) {
      return ranges;
    }
    if (!(value instanceof Map<?, ?> table)) {
      throw new ConfigException(path + ": expected a table, found " + value);
    }
    table.forEach((key, range) -> ranges.put((String) key, of(path + ".\"" + key + "\"", range)));
    return ranges;
  }

  private static SearchRange of(String key, Object value) {
    if (value instanceof Map<?, ?> map && map.size() == 1) {
      Map.Entry<?, ?> only = map.entrySet().iterator().next();
      List<?> values = only.getValue() instanceof List<?> list ? list : List.of();
      if (only.getKey().equals("choice") && !values.isEmpty()) {
        return new Choice(values.stream().map(String::valueOf).toList());
      }
      if (values.size() == 2
          && values.get(0) instanceof Number low
          && values.get(1) instanceof Number high
          && low.doubleValue() < high.doubleValue()) {
        if (only.getKey().equals("uniform")) {
          return new Uniform(low.doubleValue(), high.doubleValue());
        }
        if (only.getKey().equals("log") && low.doubleValue() > 0) {
          return new Log(low.doubleValue(), high.doubleValue());
        }
      }
    }
    throw new ConfigException(
        key
            + ": expected { log = [low, high] } with 0 < low < high, { uniform = [low, high] }"
            + " or { choice = [values] }, found "
            + value);
  }
}
