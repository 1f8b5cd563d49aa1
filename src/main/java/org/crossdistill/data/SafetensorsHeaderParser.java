package org.crossdistill.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.crossdistill.data.SafetensorsHeader.Entry;

/**
 * Reads the header of a safetensors file strictly: known keys only, no name twice, and every byte
 * of the data belongs to exactly one tensor.
 *
 * @param source how errors call the file
 */
record SafetensorsHeaderParser(String source) {

  private static final int LENGTH_BYTES = SafetensorsHeader.LENGTH_BYTES;
  private static final List<String> ENTRY_KEYS = List.of("dtype", "shape", "data_offsets");
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  SafetensorsHeader parse(byte[] file) {
    int length = headerLength(file);
    JsonNode root = json(file, length);
    Map<String, String> metadata = new TreeMap<>();
    List<Entry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(SafetensorsHeader.METADATA)) {
        metadata.putAll(metadata(field.getValue()));
      } else {
        entries.add(entry(field.getKey(), field.getValue()));
      }
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparing(Entry::end));
    int dataStart = LENGTH_BYTES + length;
    checkCoverage(entries, file.length - dataStart);
    return new SafetensorsHeader(metadata, entries, dataStart);
  }

  private int headerLength(byte[] file) {
    if (file.length < LENGTH_BYTES) {
      throw error("expected at least %d bytes, found %d: truncated", LENGTH_BYTES, file.length);
    }
    long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    int available = file.length - LENGTH_BYTES;
    if (length < 0 || length > available) {
      throw error(
          "expected a header of %s bytes, found %d: truncated or not of this format",
          Long.toUnsignedString(length), available);
    }
    if (length == 0 || file[LENGTH_BYTES] != '{') {
      throw error("expected a header that begins with '{': not of this format");
    }
    return (int) length;
  }

  private JsonNode json(byte[] file, int length) {
    try {
      return JSON.readTree(file, LENGTH_BYTES, length);
    } catch (JsonProcessingException e) {
      throw error("bad header: %s", e.getOriginalMessage().lines().findFirst().orElse(""));
    } catch (IOException e) {
      throw error("bad header: %s", e.getMessage());
    }
  }

  private Map<String, String> metadata(JsonNode node) {
    Map<String, String> metadata = new TreeMap<>();
    for (Map.Entry<String, JsonNode> item : node.properties()) {
      if (!item.getValue().isTextual()) {
        throw error("metadata '%s': expected a string, found %s", item.getKey(), item.getValue());
      }
      metadata.put(item.getKey(), item.getValue().textValue());
    }
    if (!node.isObject()) {
      throw error("metadata: expected an object, found %s", node);
    }
    return metadata;
  }

  private Entry entry(String name, JsonNode node) {
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!ENTRY_KEYS.contains(field.getKey())) {
        throw error("tensor '%s': expected only %s, found %s", name, ENTRY_KEYS, field.getKey());
      }
    }
    DType dtype = dtype(name, node.path("dtype"));
    long[] shape = sizes(name, "shape", node.path("shape"));
    long[] offsets = sizes(name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw error(
          "tensor '%s': expected data_offsets [begin, end], found %s",
          name, Arrays.toString(offsets));
    }
    long expected = byteCount(name, dtype, shape);
    if (offsets[1] - offsets[0] != expected) {
      throw error(
          "tensor '%s': %s%s takes %d bytes, found data_offsets of %d bytes",
          name, dtype, Arrays.toString(shape), expected, offsets[1] - offsets[0]);
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private DType dtype(String name, JsonNode node) {
    for (DType dtype : DType.values()) {
      if (dtype.name().equals(node.textValue())) {
        return dtype;
      }
    }
    throw error(
        "tensor '%s': expected a dtype of %s, found %s",
        name, Arrays.toString(DType.values()), shown(node));
  }

  private long[] sizes(String name, String key, JsonNode node) {
    if (!node.isArray()) {
      throw error("tensor '%s': expected an array as %s, found %s", name, key, shown(node));
    }
    long[] sizes = new long[node.size()];
    for (int i = 0; i < sizes.length; i++) {
      JsonNode size = node.get(i);
      if (!size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 0) {
        throw error("tensor '%s': expected sizes ≥ 0 as %s, found %s", name, key, node);
      }
      sizes[i] = size.longValue();
    }
    return sizes;
  }

  private static String shown(JsonNode node) {
    return node.isMissingNode() ? "none" : node.toString();
  }

  private long byteCount(String name, DType dtype, long[] shape) {
    try {
      return TensorData.byteCount(dtype, shape);
    } catch (DataException e) {
      throw error("tensor '%s': %s", name, e.getMessage());
    }
  }

  private void checkCoverage(List<Entry> entries, long dataBytes) {
    long covered = 0;
    String before = "";
    for (Entry entry : entries) {
      if (entry.begin() < covered) {
        throw error("tensors '%s' and '%s' overlap", before, entry.name());
      }
      if (entry.begin() > covered) {
        throw error(
            "tensor '%s': expected to begin at byte %d, found %d",
            entry.name(), covered, entry.begin());
      }
      if (entry.end() > dataBytes) {
        throw error(
            "tensor '%s': expected %d bytes of data, found %d: truncated",
            entry.name(), entry.end(), dataBytes);
      }
      covered = entry.end();
      before = entry.name();
    }
    if (covered < dataBytes) {
      throw error("expected %d bytes of data, found %d", covered, dataBytes);
    }
  }

  private DataException error(String format, Object... arguments) {
    return new DataException(source + ": " + String.format(Locale.ROOT, format, arguments));
  }
}
