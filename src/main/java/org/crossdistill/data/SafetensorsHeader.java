package org.crossdistill.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file. Read by {@link SafetensorsHeaderParser}.
 *
 * @param metadata strings by name
 * @param entries in the order of their bytes
 * @param dataStart where the tensors' bytes begin in the file
 */
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries, int dataStart) {

  /** The header's key that is no tensor. */
  static final String METADATA = "__metadata__";

  /** Length of the field that holds the header's length. */
  static final int LENGTH_BYTES = 8;

  private static final int ALIGNMENT = 8;
  private static final JsonFactory JSON = new JsonFactory();

  /** One tensor: bytes [begin, end) of the data. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Entry(String name, DType dtype, long[] shape, long begin, long end) {}

  /** Lays tensors out, larger elements first so that each begins at a multiple of its size. */
  static SafetensorsHeader layOut(Map<String, String> metadata, Map<String, TensorData> tensors) {
    List<String> names = new ArrayList<>(tensors.keySet());
    names.sort(
        Comparator.comparing((String name) -> -tensors.get(name).dtype().bytes())
            .thenComparing(Comparator.naturalOrder()));
    List<Entry> entries = new ArrayList<>();
    long begin = 0;
    for (String name : names) {
      TensorData tensor = tensors.get(name);
      long end = begin + tensor.bytes().remaining();
      entries.add(new Entry(name, tensor.dtype(), tensor.shape(), begin, end));
      begin = end;
    }
    int jsonBytes = toJson(metadata, entries).length;
    return new SafetensorsHeader(metadata, entries, LENGTH_BYTES + jsonBytes);
  }

  long fileBytes() {
    return dataStart + (entries.isEmpty() ? 0 : entries.get(entries.size() - 1).end());
  }

  byte[] toJson() {
    return toJson(metadata, entries);
  }

  private static byte[] toJson(Map<String, String> metadata, List<Entry> entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        writeMetadata(json, metadata);
      }
      for (Entry entry : entries) {
        writeEntry(json, entry);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing JSON to memory", e);
    }
    // So that the data begins at a multiple of eight bytes, too.
    while (bytes.size() % ALIGNMENT != 0) {
      bytes.write(' ');
    }
    return bytes.toByteArray();
  }

  private static void writeMetadata(JsonGenerator json, Map<String, String> metadata)
      throws IOException {
    json.writeObjectFieldStart(METADATA);
    for (Map.Entry<String, String> item : metadata.entrySet()) {
      json.writeStringField(item.getKey(), item.getValue());
    }
    json.writeEndObject();
  }

  private static void writeEntry(JsonGenerator json, Entry entry) throws IOException {
    json.writeObjectFieldStart(entry.name());
    json.writeStringField("dtype", entry.dtype().name());
    json.writeFieldName("shape");
    json.writeArray(entry.shape(), 0, entry.shape().length);
    json.writeFieldName("data_offsets");
    json.writeArray(new long[] {entry.begin(), entry.end()}, 0, 2);
    json.writeEndObject();
  }
}
