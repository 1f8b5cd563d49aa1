package org.crossdistill.eval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The content of a run's {@code summary.json}: how it was made, and one object for each result row:
 *
 * <pre>{@code
 * {"command": "…", "seeds": [1, 2, 3], …,
 *  "results": [
 *   {"name": "cmd", "data": "emoji", "eer": [0.29, 0.28, 0.30], "shot1": […], "shot5": […],
 *    "zeroshot": [0.22, null, 0.23], "matching": null, "seconds": […]}, …]}
 * }</pre>
 *
 * Each metric has one value a seed, fractions, not percent. {@code null} in a list is a run that
 * gave no such number, {@code null} for the list a method that has none. {@code data} is there only
 * where a row names its data set, {@code accuracy} only where it was measured. Immutable; this
 * class makes and reads the bytes and leaves files to the caller.
 *
 * @param run further keys of the top level, in order: numbers, strings, lists and maps of these
 * @param results the rows; no two of one name on the same data
 */
public record SummaryFile(Map<String, Object> run, List<ResultRow> results) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RESULTS = "results";
  private static final String NAME = "name";
  private static final String DATA = "data";

  /** Checks and copies. */
  public SummaryFile {
    run = Collections.unmodifiableMap(new LinkedHashMap<>(run));
    results = List.copyOf(results);
    if (run.containsKey(RESULTS)) {
      throw new EvalException("summary: the key results is taken by the result rows");
    }
    Set<List<String>> seen = new HashSet<>();
    for (ResultRow row : results) {
      if (!seen.add(List.of(row.name(), row.data()))) {
        throw new EvalException(
            "summary: two rows named %s%s"
                .formatted(row.name(), row.data().isEmpty() ? "" : " on " + row.data()));
      }
    }
  }

  /** UTF-8 JSON, indented, ending in a line feed; the same content gives the same bytes. */
  public byte[] toJson() {
    ObjectNode root = JSON.valueToTree(run);
    ArrayNode rows = root.putArray(RESULTS);
    results.forEach(row -> rows.add(toNode(row)));
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter(
                Separators.createDefaultInstance()
                    .withObjectFieldValueSpacing(Separators.Spacing.AFTER))
            .withObjectIndenter(new DefaultIndenter("  ", "\n"));
    try {
      return (JSON.writer(printer).writeValueAsString(root) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new EvalException("summary: cannot be written as JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Reads what {@link #toJson} wrote.
   *
   * @param json UTF-8 JSON
   * @param source where it came from, for error messages
   * @throws EvalException naming source, row and key, if it is no such JSON
   */
  public static SummaryFile parse(byte[] json, String source) {
    try {
      JsonNode root = JSON.readTree(json);
      if (root == null || !root.path(RESULTS).isArray()) {
        throw new EvalException(source + ": expected an object with a list \"results\"");
      }
      List<ResultRow> rows = new ArrayList<>();
      for (JsonNode node : root.path(RESULTS)) {
        rows.add(toRow(node, "%s: results[%d]".formatted(source, rows.size())));
      }
      Map<String, Object> run = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> field : root.properties()) {
        run.put(field.getKey(), JSON.convertValue(field.getValue(), Object.class));
      }
      run.remove(RESULTS);
      return new SummaryFile(run, rows);
    } catch (JsonProcessingException e) {
      throw new EvalException(
          "%s: no valid JSON at line %d: %s"
              .formatted(source, e.getLocation().getLineNr(), e.getOriginalMessage()),
          e);
    } catch (IOException e) {
      throw new EvalException("%s: %s".formatted(source, e.getMessage()), e);
    }
  }

  private static ObjectNode toNode(ResultRow row) {
    ObjectNode node = JSON.createObjectNode();
    node.put(NAME, row.name());
    if (!row.data().isEmpty()) {
      node.put(DATA, row.data());
    }
    for (Metric metric : Metric.values()) {
      if (row.has(metric)) {
        ArrayNode list = node.putArray(metric.key());
        row.values().get(metric).forEach(value -> list.add(value.isNaN() ? null : value));
      } else if (Metric.OPEN_SET.contains(metric) || metric == Metric.SECONDS) {
        node.putNull(metric.key());
      }
    }
    return node;
  }

  private static ResultRow toRow(JsonNode node, String where) {
    Map<Metric, List<Double>> values = new EnumMap<>(Metric.class);
    String name = node.path(NAME).asText("");
    if (name.isBlank()) {
      throw new EvalException(where + ": expected an object with a \"name\"");
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      String key = field.getKey();
      if (!key.equals(NAME) && !key.equals(DATA) && !field.getValue().isNull()) {
        Metric metric =
            Metric.byKey(key)
                .orElseThrow(
                    () -> new EvalException("%s: unknown key \"%s\"".formatted(where, key)));
        values.put(metric, toValues(field.getValue(), "%s: \"%s\"".formatted(where, key)));
      }
    }
    return new ResultRow(name, node.path(DATA).asText(""), values);
  }

  private static List<Double> toValues(JsonNode list, String where) {
    if (!list.isArray()) {
      throw new EvalException(where + ": expected a list of numbers, found " + list);
    }
    List<Double> values = new ArrayList<>();
    for (JsonNode value : list) {
      if (!value.isNumber() && !value.isNull()) {
        throw new EvalException(where + ": expected a number or null, found " + value);
      }
      values.add(value.isNull() ? Double.NaN : value.doubleValue());
    }
    return values;
  }
}
